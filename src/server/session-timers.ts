/**
 * What a session may not be late with: its handshake, then its heartbeats. One entry of the wheel
 * each; bytes that come only note the tick, and the entry looks at it when its time is up.
 */
import type { Slot } from '../engine/socket-engine.ts'
import type { TimerWheel } from '../engine/timer-wheel.ts'
import { WheelClock } from '../engine/wheel-clock.ts'
import { BYE } from '../protocol/frame-types.ts'
import { SESSION_PHASE, type SessionTable } from './session-table.ts'

/** Resolution of heartbeats and handshake limits. */
export const TICK_MS = 500
/** A heartbeat may be half an interval late before the connection counts as lost. */
const HEARTBEAT_GRACE = 1.5

export class SessionTimers {
  readonly #sessions: SessionTable
  readonly #wheel: TimerWheel
  #handshakeTicks = 0
  readonly #onExpired: (slot: Slot, code: number) => void
  readonly #clock = new WheelClock(TICK_MS)

  constructor(
    sessions: SessionTable,
    wheel: TimerWheel,
    handshakeMs: number,
    onExpired: (slot: Slot, code: number) => void,
  ) {
    this.#sessions = sessions
    this.#wheel = wheel
    this.handshakeMs = handshakeMs
    this.#onExpired = onExpired
  }

  /** For connections that come from now on. */
  set handshakeMs(handshakeMs: number) {
    // The tick that runs is part gone: one more, so that nobody gets less time than was promised.
    this.#handshakeTicks = Math.ceil(handshakeMs / TICK_MS) + 1
  }

  startHandshake(slot: Slot): void {
    this.#wheel.schedule(slot, this.#handshakeTicks)
  }

  startHeartbeat(slot: Slot): void {
    this.#wheel.schedule(slot, this.#heartbeatTicks(slot))
  }

  /** `elapsedMs` counts from any fixed moment. To be called every TICK_MS. */
  advance(elapsedMs: number): void {
    this.#wheel.advance(this.#clock.tickAt(elapsedMs), this.#onDue)
  }

  readonly #onDue = (slot: Slot): void => {
    if (!this.#sessions.isJoined(slot)) {
      // A device that waits for its verdict waits for us: that time is not its own.
      if (this.#sessions.phaseOf[slot] === SESSION_PHASE.JOINING) this.startHandshake(slot)
      else this.#onExpired(slot, BYE.HANDSHAKE_TIMEOUT)
      return
    }
    const idleTicks = this.#wheel.nowTick - this.#sessions.lastSeenTicks[slot]
    const leftTicks = this.#heartbeatTicks(slot) - idleTicks
    if (leftTicks > 0) this.#wheel.schedule(slot, leftTicks)
    else this.#onExpired(slot, BYE.HEARTBEAT_LOST)
  }

  #heartbeatTicks(slot: Slot): number {
    const ms = this.#sessions.heartbeatSeconds[slot] * 1000 * HEARTBEAT_GRACE
    return Math.ceil(ms / TICK_MS) + 1
  }
}
