/**
 * Reproducible pseudo-random numbers (mulberry32): the same --seed gives the same arrivals and the
 * same choice of devices. 32 bits of state and no allocation per number; not for secrets.
 */
export interface SeededRandom {
  /** The next number in [0, 1). */
  next(): number
  /** The next 32 bits. */
  nextUint32(): number
}

export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  const nextUint32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = state
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return (bits ^ (bits >>> 14)) >>> 0
  }
  return { nextUint32, next: () => nextUint32() / 2 ** 32 }
}
