/**
 * A rate that rises or falls linearly over the stage. Events done by time t are the area under the
 * rate,
 *   n(t) = a·t + (b - a)·t² / 2T     (a, b: first and last rate; T: length of the stage)
 * and the intended time of event i is that solved for t, in the form that does not cancel when a =
 * b.
 */
import type { Pacer } from './pacer.ts'

export function rampPacer(firstPerSecond: number, lastPerSecond: number, stageUs: number): Pacer {
  const stageSeconds = stageUs / 1e6
  const total = Math.round(((firstPerSecond + lastPerSecond) / 2) * stageSeconds)
  const curve = (lastPerSecond - firstPerSecond) / stageSeconds
  return {
    total,
    intendedUs(index) {
      const root = Math.sqrt(Math.max(0, firstPerSecond ** 2 + 2 * curve * index))
      const sum = firstPerSecond + root
      return sum === 0 ? 0 : Math.min(stageUs, ((2 * index) / sum) * 1e6)
    },
  }
}
