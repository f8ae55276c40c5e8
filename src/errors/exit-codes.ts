/** How a pushctl process ends. Scripts hold on to these numbers (docs/cli.md#exit-codes). */
export const EXIT = {
  OK: 0,
  BUG: 1,
  USAGE: 2,
  HOST_LIMIT: 3,
  TARGET: 4,
  GENERATOR_SATURATED: 5,
  THRESHOLD: 99,
  INTERRUPTED: 130,
  TERMINATED: 143,
} as const

/** The signals that a command may stop on: the reason of its AbortSignal. */
export type StopSignal = 'SIGINT' | 'SIGTERM'

/** 128 + the signal's number, as a shell reports it. */
export function exitCodeOfSignal(signal: StopSignal): number {
  return signal === 'SIGINT' ? EXIT.INTERRUPTED : EXIT.TERMINATED
}
