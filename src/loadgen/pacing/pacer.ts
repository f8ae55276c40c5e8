/**
 * When load is due: an arrival model is a pure function from the number of an event to its intended
 * time, so a pacer that fell behind knows exactly by how much, and latency can count from when a
 * message *should* have been sent. Nothing here reads a clock. One file per model beside this one.
 */

export interface Pacer {
  /** Events of the whole stage. */
  readonly total: number
  /**
   * Intended time of event `index` (0 … total-1), in µs from the start of the stage; never
   * decreases with `index`.
   */
  intendedUs(index: number): number
}

export interface PacerStep {
  /** Microseconds until the next event is due; 0 when it is due now or overdue. */
  readonly waitUs: number
  /** All events of the stage are done. */
  readonly stop: boolean
}

/** What to do after `done` events, `elapsedUs` into the stage. */
export function paceStep(pacer: Pacer, elapsedUs: number, done: number): PacerStep {
  if (done >= pacer.total) return { waitUs: 0, stop: true }
  return { waitUs: Math.max(0, pacer.intendedUs(done) - elapsedUs), stop: false }
}

/**
 * Events that are due at `elapsedUs`, of which `done` are done already. Only asks forwards, which
 * every model does cheaply.
 */
export function dueCount(pacer: Pacer, elapsedUs: number, done = 0): number {
  let count = done
  while (count < pacer.total && pacer.intendedUs(count) <= elapsedUs) count += 1
  return count
}

/**
 * A send later than this after its intended time counts as late. A tick is up to 1 ms, a timer of
 * the event loop fires up to 2 ms after it was asked to, and a minor collection takes 1-2 ms more:
 * what is within that is the price of a timer, beyond it the generator is behind.
 */
export const LATE_AFTER_US = 5_000
