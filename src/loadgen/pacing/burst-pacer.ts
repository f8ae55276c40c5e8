/**
 * The same mean rate in bursts: `burstEvents` due at one instant, then silence until the next. For
 * queues and storms.
 */
import type { Pacer } from './pacer.ts'

export function burstPacer(eventsPerSecond: number, burstEvents: number, stageUs: number): Pacer {
  const periodUs = (burstEvents * 1e6) / eventsPerSecond
  const bursts = Math.ceil(stageUs / periodUs)
  return {
    total: bursts * burstEvents,
    intendedUs: (index) => Math.floor(index / burstEvents) * periodUs,
  }
}
