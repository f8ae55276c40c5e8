/**
 * Lets so many lines of a kind through in a window, and counts the others. A window begins with its
 * first line, so a burst after a calm hour is told at once.
 */
import { LOG_KINDS, LOG_WINDOW_MS, type LogKind } from './log-kinds.ts'

interface Window {
  beganMs: number
  lines: number
  /** Of this window and those before it, not told yet. */
  suppressed: number
}

export class LineGate {
  readonly #windows = new Map<LogKind, Window>()

  /** How many were left out since the last line; -1: this one is left out too. */
  pass(kind: LogKind, nowMs: number): number {
    const window = this.#windowOf(kind, nowMs)
    if (window.lines >= LOG_KINDS[kind].linesPerWindow) {
      window.suppressed++
      return -1
    }
    window.lines++
    const { suppressed } = window
    window.suppressed = 0
    return suppressed
  }

  /** What was left out and never told, by kind: for the last line of a log. */
  untold(): [kind: LogKind, suppressed: number][] {
    const all = [...this.#windows].map(([kind, { suppressed }]): [LogKind, number] => [
      kind,
      suppressed,
    ])
    return all.filter(([, suppressed]) => suppressed > 0)
  }

  #windowOf(kind: LogKind, nowMs: number): Window {
    let window = this.#windows.get(kind)
    if (!window) {
      this.#windows.set(kind, (window = { beganMs: nowMs, lines: 0, suppressed: 0 }))
    } else if (nowMs - window.beganMs >= LOG_WINDOW_MS) {
      window.beganMs = nowMs
      window.lines = 0
    }
    return window
  }
}
