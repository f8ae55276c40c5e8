/**
 * The response times that the selftest's server is known to have: event k of a run is answered
 * delayUs(k) after it came. Each 1,000 events in a row have each rank once, so the distribution is
 * exact and not a sample; a stride through the table spreads short and long delays.
 *
 *   share of events up to   65 %   82 %   93 %    97.5 %   99.7 %   100 %
 *   delay                   10 ms  20 ms  30 ms   45 ms    60 ms    80 ms
 *   compared there          p50    p75    p90     p95      p99      p99.9, max
 *
 * Each percentile that is compared stands well inside a step: a few messages that the host delayed
 * move no other one, while a generator that is late with all of them moves every one. The shortest
 * is 10 ms because two processes on loopback need 50 to 150 µs to wake for each other: that is the
 * host's, and 2 % of 10 ms are 200 µs.
 */
const STEPS: readonly (readonly [upToShare: number, delayUs: number])[] = [
  [0.65, 10_000],
  [0.82, 20_000],
  [0.93, 30_000],
  [0.975, 45_000],
  [0.997, 60_000],
  [1, 80_000],
]
/** Events after which the table begins again. */
export const DELAY_BLOCK = 1_000
/** Has no factor in common with DELAY_BLOCK, so that a block meets every rank once. */
const STRIDE = 617

export class DelayTable {
  readonly #delays: Float64Array
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed % DELAY_BLOCK
    this.#delays = Float64Array.from({ length: DELAY_BLOCK }, (_, rank) =>
      quantileUs((rank + 0.5) / DELAY_BLOCK),
    )
  }

  delayUs(event: number): number {
    return this.#delays[(event * STRIDE + this.#seed) % DELAY_BLOCK]
  }
}

/** The delay at or below which this share of all events lie. */
export function quantileUs(share: number): number {
  const step = STEPS.find(([upToShare]) => share <= upToShare)
  return (step ?? STEPS[STEPS.length - 1])[1]
}
