/**
 * The timers of a shard's connections: phase limits, heartbeats and answers to them, one for each
 * connection at a time, in the wheel of the engine. They run in ticks at fixed moments of the
 * host's clock, each shard's at its own, so that shards that share few cores do not all want them
 * at once. Cost: one timer of the event loop a shard, 14 bytes a connection.
 */
import type { Slot } from '../engine/socket-engine.ts'
import { TimerWheel } from '../engine/timer-wheel.ts'
import { WheelClock } from '../engine/wheel-clock.ts'
import { AlignedTicker, nextTickUs } from '../stats/aligned-ticker.ts'
import { nowUs } from '../stats/clock.ts'
import { type EventShare, phaseOf } from './event-share.ts'
import { PHASE_LIMIT_MS, PONG_LIMIT_MS, wheelTickMs } from './phase-limits.ts'

export class ConnectionTimers {
  readonly #wheel: TimerWheel
  readonly #clock: WheelClock
  readonly #phaseLimitTicks: number
  readonly #pongLimitTicks: number
  /** A moment of the ticker: what is due in a tick is dealt with when it begins. */
  readonly #startUs: number
  readonly #ticker: AlignedTicker

  /** `onTurned` is called when all that was due in a tick was told. */
  constructor(
    capacity: number,
    share: EventShare,
    onDue: (slot: Slot) => void,
    onTurned: () => void,
  ) {
    const tickMs = wheelTickMs(share.shards)
    const phase = phaseOf(share)
    this.#wheel = new TimerWheel(capacity)
    this.#clock = new WheelClock(tickMs)
    this.#phaseLimitTicks = this.#clock.ticksOf(PHASE_LIMIT_MS)
    this.#pongLimitTicks = this.#clock.ticksOf(PONG_LIMIT_MS)
    this.#startUs = nextTickUs(nowUs(), tickMs, phase)
    this.#ticker = new AlignedTicker(tickMs, phase, () => {
      this.#wheel.advance(this.#clock.tickAt((nowUs() - this.#startUs) / 1000), onDue)
      onTurned()
    })
    this.#ticker.start()
  }

  /** When what is told now was due, on the clock of nowUs(). */
  get dueUs(): number {
    return this.#startUs + this.#clock.dueMs(this.#wheel.nowTick) * 1000
  }

  ticksOf(milliseconds: number): number {
    return this.#clock.ticksOf(milliseconds)
  }

  /** The time that a connection may spend in connect, upgrade or HELLO begins now. */
  limitPhase(slot: Slot): void {
    this.#wheel.schedule(slot, this.#phaseLimitTicks)
  }

  /** Begins the time for the answer to a heartbeat that is sent every so many ticks. */
  limitPong(slot: Slot, heartbeatTicks: number): void {
    this.#wheel.schedule(slot, Math.max(this.#pongLimitTicks, heartbeatTicks >> 1))
  }

  /** The first one, see firstHeartbeatTicks(). */
  startHeartbeat(slot: Slot, row: number, heartbeatTicks: number): void {
    this.scheduleHeartbeat(slot, firstHeartbeatTicks(row, heartbeatTicks))
  }

  /** `heartbeatTicks` 0: it has none, and no other timer either. */
  scheduleHeartbeat(slot: Slot, heartbeatTicks: number): void {
    if (heartbeatTicks > 0) this.#wheel.schedule(slot, heartbeatTicks)
    else this.#wheel.cancel(slot)
  }

  cancel(slot: Slot): void {
    this.#wheel.cancel(slot)
  }

  stop(): void {
    this.#ticker.stop()
  }
}

/**
 * When the connection of a row sends its first heartbeat: somewhere within the interval. The rows
 * of a shard connect in a few seconds, and would send their heartbeats together ever after; devices
 * in the field have long forgotten when they came.
 */
export function firstHeartbeatTicks(row: number, heartbeatTicks: number): number {
  if (heartbeatTicks === 0) return 0
  // Fractional parts of multiples of the golden ratio lie evenly (Weyl), however many there are.
  const share = (Math.imul(row, 0x9e3779b1) >>> 0) / 2 ** 32
  return 1 + Math.floor(share * heartbeatTicks)
}
