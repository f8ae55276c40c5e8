/**
 * The response times that the selftest's server is known to have: event k of a run is answered
 * delayUs(k) after it came. Each 1,000 events in a row have each of 1,000 delays once, so the
 * distribution is exact and not a sample; a stride through the table spreads short and long ones.
 * It has no steps at the percentiles that are compared: on the edge of a step one message more or
 * less would be a jump from 2 ms to 10.
 *
 *   share of events    0      50 %    90 %    99 %    99.9 %   100 %
 *   delay              1 ms   2 ms    5 ms    20 ms   40 ms    50 ms      straight in between
 */
const QUANTILES: readonly (readonly [share: number, delayUs: number])[] = [
  [0, 1_000],
  [0.5, 2_000],
  [0.9, 5_000],
  [0.99, 20_000],
  [0.999, 40_000],
  [1, 50_000],
]
/** Events after which the table begins again. */
export const DELAY_BLOCK = 1_000
export const DELAY_US_MAX = 50_000
/** Has no factor in common with DELAY_BLOCK, so that a block meets every delay once. */
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

/** The delay that this share of all events stays below. */
export function quantileUs(share: number): number {
  const above = QUANTILES.findIndex(([upTo]) => share < upTo)
  if (above < 0) return DELAY_US_MAX
  if (above === 0) return QUANTILES[0][1]
  const [fromShare, fromUs] = QUANTILES[above - 1]
  const [toShare, toUs] = QUANTILES[above]
  return fromUs + ((toUs - fromUs) * (share - fromShare)) / (toShare - fromShare)
}
