/**
 * The line that shows a run is alive: rewritten in place on a terminal, one plain line every 5 s
 * into a pipe, nothing with --quiet. Formatting is pure; the printer only knows when to write. It
 * keeps no timer: whoever measures calls update().
 */
import {
  formatCount,
  formatCountShort,
  formatDurationMs,
  formatDurationUs,
} from '../config/quantities.ts'
import type { RunProgress } from '../stats/run-progress.ts'
import { clipText, plainText, visibleWidth } from './table.ts'

/** Of a stream, what the printer needs; process.stderr fits. */
export interface ProgressStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

export const PLAIN_LINE_EVERY_MS = 5_000
const BAR_CELLS_MAX = 20
const CLEAR_LINE = '\r\u001b[K'

export class ProgressPrinter {
  readonly #stream: ProgressStream
  readonly #quiet: boolean
  #nextPlainMs = PLAIN_LINE_EVERY_MS
  #lastMs = 0
  #shown = false

  constructor(stream: ProgressStream, options: { readonly quiet?: boolean } = {}) {
    this.#stream = stream
    this.#quiet = options.quiet ?? false
  }

  /**
   * Call it as often as there is something new; a pipe gets a line when 5 s of the sample's own
   * time have passed.
   */
  update(sample: RunProgress): void {
    if (this.#quiet) return
    if (this.#stream.isTTY) {
      // One cell stays free: a full line would wrap, and could not be rewritten.
      const line = progressLine(sample, (this.#stream.columns ?? 80) - 1)
      this.#stream.write(CLEAR_LINE + line)
      this.#shown = true
      return
    }
    // Time going back is a new phase with a clock of its own.
    if (sample.elapsedMs < this.#lastMs) this.#nextPlainMs = PLAIN_LINE_EVERY_MS
    this.#lastMs = sample.elapsedMs
    if (sample.elapsedMs < this.#nextPlainMs) return
    this.#nextPlainMs =
      (Math.floor(sample.elapsedMs / PLAIN_LINE_EVERY_MS) + 1) * PLAIN_LINE_EVERY_MS
    this.#stream.write(`${plainProgressLine(sample)}\n`)
  }

  /** Takes the line off the terminal, so that what follows starts in a clean row. */
  stop(): void {
    if (this.#shown) this.#stream.write(CLEAR_LINE)
    this.#shown = false
  }
}

/** With a bar; parts are dropped from the right until it fits. */
export function progressLine(sample: RunProgress, width: number): string {
  const parts = [
    headOf(sample, Math.min(BAR_CELLS_MAX, Math.floor(width / 10))),
    ...partsOf(sample),
  ]
  while (parts.length > 1 && visibleWidth(parts.join('  ')) > width) parts.pop()
  return clipText(parts.join('  '), width)
}

export function plainProgressLine(sample: RunProgress): string {
  return [headOf(sample, 0), ...partsOf(sample)].join('  ')
}

function headOf({ phase, elapsedMs, totalMs }: RunProgress, barCells: number): string {
  const elapsed = wholeSeconds(elapsedMs)
  if (totalMs === null || totalMs <= 0) return `${plainText(phase)}  ${elapsed}`
  const share = Math.min(1, Math.max(0, elapsedMs / totalMs))
  const full = Math.floor(share * barCells)
  const bar = `${'━'.repeat(full)}${'─'.repeat(barCells - full)}  `
  return `${plainText(phase)}  ${barCells > 0 ? bar : ''}${elapsed} of ${wholeSeconds(totalMs)}`
}

/** The most wanted first. */
function partsOf(sample: RunProgress): string[] {
  const { connections, connectionsTarget, sentPerSecond, receivedPerSecond, p50, p99 } = sample
  const verdict = sample.verdict === undefined || sample.verdict === 'VALID' ? '' : sample.verdict
  const latency = (name: string, us: number | null) =>
    us === null ? '' : `${name} ${formatDurationUs(us)}`
  return [
    `${formatCount(connections)}/${formatCount(connectionsTarget)} connections`,
    latency('p99', p99),
    `sent ${formatCountShort(sentPerSecond)}/s`,
    `received ${formatCountShort(receivedPerSecond)}/s`,
    latency('p50', p50),
    plainText(verdict),
  ].filter((part) => part !== '')
}

function wholeSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds === 0 ? '0s' : formatDurationMs(seconds * 1000)
}
