/**
 * The worst moment of each counter of a host during a run: the difference over a whole run hides a
 * burst that filled a queue for a second. Fed with the samples that are read anyway.
 */
import { deltaOf, type HostSample } from './host-counters.ts'

/** Names as in HostCounters; totals as rates, with `_per_second` at the end. */
export type HostPeaksReport = Readonly<Record<string, number | null>>

export class HostPeaks {
  readonly #peaks = new Map<string, number>()
  #last: HostSample | null = null
  #lastMs = 0

  /** @param atMs of any steady clock. */
  add(sample: HostSample, atMs: number): void {
    for (const [name, value] of Object.entries(sample.gauges)) this.#raise(name, value)
    const last = this.#last
    const seconds = (atMs - this.#lastMs) / 1000
    this.#last = sample
    this.#lastMs = atMs
    if (last === null || seconds <= 0) return
    for (const [name, value] of Object.entries(deltaOf(last, sample))) {
      if (name in sample.gauges) continue
      if (name.endsWith('_percent')) this.#raise(name, value)
      else this.#raise(`${name}_per_second`, value === null ? null : round(value / seconds))
    }
  }

  /** What was never known is not in it. */
  report(): HostPeaksReport {
    return Object.fromEntries(this.#peaks)
  }

  #raise(name: string, value: number | null): void {
    if (value === null) return
    this.#peaks.set(name, Math.max(this.#peaks.get(name) ?? value, value))
  }
}

/** One decimal. */
function round(value: number): number {
  return Math.round(value * 10) / 10
}
