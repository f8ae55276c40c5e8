/**
 * What the API answers when it cannot do what was asked: RFC 9457 problem details. `code` is the
 * stable name that programs match; `detail` says what was expected and what was got. A Problem is a
 * plain value without a stack, because a batch stream may make one per line; ProblemError carries
 * it where a route handler has to throw.
 */

export const PROBLEM_KINDS = {
  'bad-http': [400, 'The request is not valid HTTP'],
  'bad-json': [400, 'The body is not valid JSON'],
  'bad-utf8': [400, 'The body is not valid UTF-8'],
  'bad-field': [400, 'A field is missing or wrong'],
  'unknown-field': [400, 'A field is not known'],
  unauthorized: [401, 'A token is needed'],
  'scope-missing': [403, 'The token may not do that'],
  'origin-not-allowed': [403, 'The page is not allowed'],
  'host-not-allowed': [403, 'The Host header is not allowed'],
  'not-found': [404, 'There is nothing at this path'],
  'push-not-found': [404, 'Nothing is known of this push'],
  'device-not-found': [404, 'The device is not connected to this node'],
  'method-not-allowed': [405, 'The path does not know this method'],
  'request-timeout': [408, 'The request took too long to arrive'],
  'no-session': [409, 'The device has no session over HTTP'],
  'body-too-large': [413, 'The body is too large'],
  'line-too-large': [413, 'The line is too large'],
  'payload-too-large': [413, 'The payload is too large'],
  'unsupported-media-type': [415, 'The content type is not accepted here'],
  'not-supported': [422, 'This version of the node cannot do that'],
  'product-refused': [422, 'Nobody takes the product'],
  'too-many-devices': [422, 'Too many device ids in one push'],
  'headers-too-large': [431, 'The request headers are too large'],
  'internal-error': [500, 'The node failed to answer'],
  'not-ready': [503, 'The node is not ready'],
  'shutting-down': [503, 'The node is shutting down'],
  unavailable: [503, 'The node cannot do that now'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof PROBLEM_KINDS

export interface Problem {
  /** `urn:pushctl:problem:` and the code. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ProblemCode
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

export function problemOf(code: ProblemCode, detail: string): Problem {
  const [status, title] = PROBLEM_KINDS[code]
  return { type: `urn:pushctl:problem:${code}`, title, status, detail, code }
}

export class ProblemError extends Error {
  readonly problem: Problem

  constructor(code: ProblemCode, detail: string) {
    super(detail)
    this.name = 'ProblemError'
    this.problem = problemOf(code, detail)
  }
}

/** The problem at the head of an error line of a batch stream; `line` counts from 1. */
export function errorLine(problem: Problem, line: number): string {
  return `${JSON.stringify({ error: { line, ...problem } })}\n`
}
