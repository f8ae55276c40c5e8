/**
 * Independent arrivals at a mean rate, as many users make them: exponential gaps from a seed, so a
 * run can be repeated. Times are sums of gaps: asking forwards costs one gap a call, asking
 * backwards starts over from the seed.
 */
import { seededRandom } from '../seeded-random.ts'
import type { Pacer } from './pacer.ts'

export function poissonPacer(eventsPerSecond: number, stageUs: number, seed: number): Pacer {
  const meanGapUs = 1e6 / eventsPerSecond
  const total = countArrivals(meanGapUs, stageUs, seed)
  let random = seededRandom(seed)
  let index = 0
  let atUs = gapUs(random.next(), meanGapUs)
  return {
    total,
    intendedUs(wanted) {
      if (wanted < index) {
        random = seededRandom(seed)
        index = 0
        atUs = gapUs(random.next(), meanGapUs)
      }
      for (; index < wanted; index++) atUs += gapUs(random.next(), meanGapUs)
      return atUs
    },
  }
}

function countArrivals(meanGapUs: number, stageUs: number, seed: number): number {
  const random = seededRandom(seed)
  let total = 0
  for (let atUs = gapUs(random.next(), meanGapUs); atUs < stageUs; total++) {
    atUs += gapUs(random.next(), meanGapUs)
  }
  return total
}

/** 1 - u is in (0, 1], so the logarithm is finite. */
function gapUs(uniform: number, meanGapUs: number): number {
  return -Math.log(1 - uniform) * meanGapUs
}
