/**
 * A timer whose ticks lie at fixed moments of the host's clock: all timers of one process with the
 * same period run in one waking up, and those of a hundred processes that were started together do
 * not come back to two cores at once, each waiting for all others (measured with 50 + 50 processes
 * and 300,000 connections: event loops 467 ms late at p99, with half the cores idle).
 */
import { nowUs } from './clock.ts'

/** Place of a shard among its like, 0 … 1: how far into each period its ticks come. */
export type TickPhase = number

export class AlignedTicker {
  readonly #periodMs: number
  readonly #phase: TickPhase
  readonly #call: (dueUs: number) => void
  #timer: NodeJS.Timeout | null = null
  #dueUs = 0

  /** `call` is told when its tick was due, on the clock of nowUs(). */
  constructor(periodMs: number, phase: TickPhase, call: (dueUs: number) => void) {
    this.#periodMs = periodMs
    this.#phase = phase
    this.#call = call
  }

  /** The timer alone keeps no process alive. */
  start(): void {
    if (this.#timer === null) this.#arm()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #arm(): void {
    const now = nowUs()
    this.#dueUs = nextTickUs(now, this.#periodMs, this.#phase)
    this.#timer = setTimeout(this.#tick, waitMs(now, this.#dueUs)).unref()
  }

  readonly #tick = (): void => {
    const dueUs = this.#dueUs
    this.#arm()
    this.#call(dueUs)
  }
}

/** The first tick after this moment, both on the clock of nowUs(). */
export function nextTickUs(afterUs: number, periodMs: number, phase: TickPhase): number {
  const periodUs = periodMs * 1000
  const tick = Math.floor(afterUs / periodUs - phase) + 1
  return (tick + phase) * periodUs
}

/** For a timer of one's own. */
export function msUntilTick(periodMs: number, phase: TickPhase): number {
  const now = nowUs()
  return waitMs(now, nextTickUs(now, periodMs, phase))
}

/** Timers take whole milliseconds: rounded up, so that none comes before its moment. */
function waitMs(now: number, dueUs: number): number {
  return Math.ceil((dueUs - now) / 1000)
}
