/**
 * What a client is told when something threw: problems as they are, the node's own expected errors
 * as 503, framework errors by their code, and anything else as one plain 500 whose cause stays on
 * the node's side.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { type Problem, type ProblemCode, ProblemError, problemOf } from './problem.ts'

const FRAMEWORK_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_BAD_URL: 'bad-http',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad-http',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_MAX_PARAM_LENGTH: 'bad-field',
  ECONNRESET: 'bad-http',
}

/**
 * `unexpected` is true where the cause is a fault of the node and must be reported to its operator.
 */
export function problemFromFailure(failure: unknown): { problem: Problem; unexpected: boolean } {
  if (failure instanceof ProblemError) return { problem: failure.problem, unexpected: false }
  if (failure instanceof PushctlError) {
    return { problem: problemOf('unavailable', failure.message), unexpected: false }
  }
  const code = String((failure as { code?: unknown } | null)?.code)
  const known = FRAMEWORK_CODES[code]
  if (known !== undefined) {
    return { problem: problemOf(known, (failure as Error).message), unexpected: false }
  }
  return {
    problem: problemOf('internal-error', 'an unexpected error; the log of the node says more'),
    unexpected: true,
  }
}
