/**
 * Ctrl-C and SIGTERM: the first aborts the command's signal, so that it stops cleanly and reports
 * what it has; the second ends the process at once with the shell's code for that signal.
 */
import { exitCodeOfSignal, type StopSignal } from '../errors/exit-codes.ts'
import type { Host } from './host.ts'

export interface Interruption {
  /** Its reason is the StopSignal. */
  readonly signal: AbortSignal
  /** null until a signal came. */
  stoppedBy(): StopSignal | null
  stopListening(): void
}

export function watchInterruption(host: Host): Interruption {
  const controller = new AbortController()
  let first: StopSignal | null = null
  const stopListening = host.onSignal((signal) => {
    if (first !== null) return host.exit(exitCodeOfSignal(signal))
    first = signal
    controller.abort(signal)
  })
  return { signal: controller.signal, stoppedBy: () => first, stopListening }
}
