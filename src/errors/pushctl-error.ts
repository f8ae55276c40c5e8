/**
 * The one error that people are meant to read: what was expected, what was got, and what to type
 * next. Anything else that reaches the command line is a bug in pushctl and is shown with its stack
 * (exit 1). Every code has a heading in docs/errors.md; a test compares both lists.
 */
import { type ErrorCode, exitCodeOf } from './error-codes.ts'

export interface PushctlErrorDetails {
  /** One sentence of reason, where the message alone does not give it. */
  readonly why?: string
  /** What to type or change next. Several lines are printed one below the other. */
  readonly tries?: readonly string[]
  readonly cause?: unknown
}

export class PushctlError extends Error {
  readonly code: ErrorCode
  readonly why: string | undefined
  readonly tries: readonly string[]

  constructor(code: ErrorCode, message: string, details: PushctlErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'PushctlError'
    this.code = code
    this.why = details.why
    this.tries = details.tries ?? []
  }

  get exitCode(): number {
    return exitCodeOf(this.code)
  }
}

/** All faults of one configuration, so that a user mends them in one go. */
export class ConfigFaults extends PushctlError {
  readonly faults: readonly PushctlError[]

  constructor(faults: readonly PushctlError[]) {
    const first = faults[0]
    const only = faults.length === 1 ? first : undefined
    super(
      first?.code ?? 'PUSHCTL_CONFIG',
      only?.message ?? `${faults.length} settings are wrong`,
      only ? { ...(only.why === undefined ? {} : { why: only.why }), tries: only.tries } : {},
    )
    this.name = 'ConfigFaults'
    this.faults = faults
  }
}
