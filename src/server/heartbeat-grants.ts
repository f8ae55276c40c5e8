/**
 * What each device is granted: what it asks for, within the bounds; where it lets the node choose,
 * what is learned of its network (heartbeat-learner.ts), now and with every PONG that has news.
 * One byte a device: whether the node chose.
 */
import type { Slot } from '../engine/socket-engine.ts'
import { type HeartbeatBounds, HeartbeatLearner } from './heartbeat-learner.ts'
import type { SessionTable } from './session-table.ts'
import { TICK_MS } from './session-timers.ts'

/** A smaller change is not worth its bytes. */
const CHANGE_SHARE_MIN = 0.08
export const NO_GRANT = -1

export class HeartbeatGrants {
  readonly #sessions: SessionTable
  #bounds: HeartbeatBounds
  readonly #learner: HeartbeatLearner
  readonly #isChosen: Uint8Array

  constructor(sessions: SessionTable, capacity: number, bounds: HeartbeatBounds, nowMs: number) {
    this.#sessions = sessions
    this.#bounds = bounds
    this.#learner = new HeartbeatLearner(bounds, nowMs)
    this.#isChosen = new Uint8Array(capacity)
  }

  /** Grants that stand are kept until the next HELLO, or the PONG that brings another. */
  setBounds(bounds: HeartbeatBounds): void {
    this.#bounds = bounds
    this.#learner.setBounds(bounds)
  }

  /** `askedSeconds` 0: the node chooses. The network of the slot is set. */
  onHello(slot: Slot, askedSeconds: number): void {
    const { heartbeatSeconds, networkOf } = this.#sessions
    const { secondsMin, secondsMax } = this.#bounds
    const isChosen = askedSeconds === 0
    this.#isChosen[slot] = isChosen ? 1 : 0
    heartbeatSeconds[slot] = isChosen
      ? this.#learner.grantFor(networkOf[slot])
      : Math.min(secondsMax, Math.max(secondsMin, askedSeconds))
  }

  /**
   * `silenceTicks` were between this PING and what the device sent before; `observedSeconds` is
   * what it says itself, -1 for nothing. Returns a new grant, which holds from now on, or NO_GRANT.
   */
  onPing(slot: Slot, silenceTicks: number, observedSeconds: number): number {
    const { heartbeatSeconds, networkOf } = this.#sessions
    const network = networkOf[slot]
    this.#learner.onKept(network, (silenceTicks * TICK_MS) / 1000)
    if (observedSeconds > 0) this.#learner.onObserved(network, observedSeconds)
    if (this.#isChosen[slot] === 0) return NO_GRANT
    const granted = heartbeatSeconds[slot]
    const wanted = this.#learner.grantFor(network)
    if (Math.abs(wanted - granted) < granted * CHANGE_SHARE_MIN) return NO_GRANT
    heartbeatSeconds[slot] = wanted
    return wanted
  }

  onLost(slot: Slot): void {
    const { heartbeatSeconds, networkOf } = this.#sessions
    this.#learner.onLost(networkOf[slot], heartbeatSeconds[slot])
  }

  review(nowMs: number): void {
    this.#learner.review(nowMs)
  }
}
