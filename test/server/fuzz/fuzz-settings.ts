/**
 * How much is fuzzed, and from which seed: PUSHCTL_TEST_FUZZ (1000000 for the whole) and
 * PUSHCTL_TEST_SEED, which is printed when a test fails.
 */
import type { SeededRandom } from '../../../src/loadgen/seeded-random.ts'

export const FUZZ_COUNT = Number(process.env['PUSHCTL_TEST_FUZZ'] ?? 40_000)
export const FUZZ_SEED = Number(process.env['PUSHCTL_TEST_SEED'] ?? Date.now() % 2 ** 31)
/** A whole run of all takes minutes. */
export const FUZZ_LIMIT_MS = 600_000

/** Lets timers and the test runner have a turn, now and then. */
export const BETWEEN_TURNS = 500

/** Choices that a fuzzer makes. */
export class Dice {
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  below(limit: number): number {
    return this.#random.nextUint32() % limit
  }

  /** True in `share` of the cases. */
  is(share: number): boolean {
    return this.#random.next() < share
  }

  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256))
  }
}
