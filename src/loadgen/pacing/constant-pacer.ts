/**
 * Evenly spaced arrivals. Each time is computed from the event's number, so no error accumulates
 * over a long stage.
 */
import type { Pacer } from './pacer.ts'

export function constantPacer(eventsPerSecond: number, stageUs: number): Pacer {
  // Events at 0, 1/rate, …: all that are due before the stage ends. The slack is for 0.1 × 30.
  const total = Math.ceil((eventsPerSecond * stageUs) / 1e6 - 1e-9)
  return { total, intendedUs: (index) => (index * 1e6) / eventsPerSecond }
}

/**
 * `total` events at a rate: for connecting, where the number is given and the time follows. Rate 0:
 * all at once.
 */
export function countedPacer(total: number, eventsPerSecond: number): Pacer {
  const spacingUs = eventsPerSecond > 0 ? 1e6 / eventsPerSecond : 0
  return { total, intendedUs: (index) => index * spacingUs }
}
