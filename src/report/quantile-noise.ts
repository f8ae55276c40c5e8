/**
 * Between which values a percentile lies, given how many samples there were: of n independent
 * samples, the number below the true percentile p scatters by √(n·p·(1−p)) (binomial), so the
 * values at those ranks bound it. Samples that depend on each other scatter more: what this calls a
 * difference may be luck, what it calls noise is noise.
 */
import type { LatencyRecorder } from '../stats/latency-recorder.ts'

/** Standard deviations of 99 %, two-sided. */
const DEVIATIONS = 2.576

export interface QuantileBounds {
  readonly lower: number
  readonly upper: number
}

/** @param percentile 0 … 100, exclusive */
export function quantileBounds(samples: LatencyRecorder, percentile: number): QuantileBounds {
  const share = percentile / 100
  const scatter = DEVIATIONS * Math.sqrt((share * (1 - share)) / samples.count)
  const at = (bound: number): number =>
    samples.valueAtPercentile(Math.min(1, Math.max(Number.EPSILON, bound)) * 100)
  return { lower: at(share - scatter), upper: at(share + scatter) }
}
