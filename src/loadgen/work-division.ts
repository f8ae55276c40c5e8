/**
 * Divides work over workers so that nothing is lost to rounding: the shares always add up to the
 * whole. The first workers get the larger shares, so unit u of an even division belongs to worker u
 * mod k.
 */

/** `whole` units over `parts` workers; shares differ by at most one, larger ones first. */
export function divideEvenly(whole: number, parts: number): number[] {
  assertCount(whole, 'whole')
  if (!Number.isSafeInteger(parts) || parts < 1) {
    throw new RangeError(`parts must be a whole number of at least 1, got ${parts}`)
  }
  const base = Math.floor(whole / parts)
  const rest = whole - base * parts
  return Array.from({ length: parts }, (_, index) => base + (index < rest ? 1 : 0))
}

/**
 * `whole` units by weight (largest remainder): each share is within one unit of its exact part, and
 * a weight of 0 gets nothing. Ties go to the earlier worker.
 */
export function divideByWeights(whole: number, weights: readonly number[]): number[] {
  assertCount(whole, 'whole')
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (!(total > 0) || weights.some((weight) => !(weight >= 0))) {
    throw new RangeError(`weights must be at least 0 and one of them above 0, got [${weights}]`)
  }
  const exact = weights.map((weight) => (whole * weight) / total)
  const shares = exact.map(Math.floor)
  const rest = whole - shares.reduce((sum, share) => sum + share, 0)
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .filter(({ index }) => weights[index]! > 0)
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  // Floating point can leave `rest` one above the number of positive remainders; the modulo keeps
  // the sum exact.
  for (let given = 0; given < rest; given++) {
    shares[byRemainder[given % byRemainder.length]!.index]! += 1
  }
  return shares
}

/**
 * How many of the numbers 0 … whole-1 are congruent to `part` modulo `parts`: one share of an even
 * division.
 */
export function shareOf(whole: number, part: number, parts: number): number {
  return whole <= part ? 0 : Math.floor((whole - part - 1) / parts) + 1
}

function assertCount(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name} must be a whole number of at least 0, got ${value}`)
  }
}
