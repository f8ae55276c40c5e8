/**
 * The upstream half of mode echo: this shard's events of the global schedule, each sent from its
 * own connection at its intended time. An event whose connection is not up is counted as
 * unsendable, one that was still due when the stage ended as unsent: nothing is skipped in silence,
 * and nothing is sent twice to catch up.
 */
import type { SocketEngine } from '../engine/socket-engine.ts'
import { nowUs } from '../stats/clock.ts'
import type { ConnectionRows } from './connection-rows.ts'
import { connectionAt, connectionsOf, type EventShare, eventAt, eventsOf } from './event-share.ts'
import { AT_ONCE, PaceTimer } from './pace-timer.ts'
import { pacerFrom } from './pacing/arrival-model.ts'
import { LATE_AFTER_US, type Pacer } from './pacing/pacer.ts'
import type { SendCounts, SteadyStage } from './shard-messages.ts'
import type { TargetDriver } from './target/target-driver.ts'

/** Sends between two looks at the clock and two flushes; 256 take less than a millisecond. */
const BATCH = 256
/**
 * Sends of one turn where more are overdue, about 10 ms: then what came in, heartbeats and orders
 * get their turn, and what is due meanwhile waits, and is counted late.
 */
export const SENDS_PER_TURN_MAX = 8 * BATCH

export class EchoSender {
  readonly #engine: SocketEngine
  readonly #rows: ConnectionRows
  readonly #drivers: readonly TargetDriver[]
  readonly #share: EventShare
  readonly #stage: SteadyStage
  readonly #pacer: Pacer
  readonly #timer: PaceTimer
  readonly #rowCount: number
  readonly #eventCount: number
  /** The clock ends the stage, and not the count of its schedule. */
  #isExtended = false
  #endUs: number
  #done = 0
  #sent = 0
  #late = 0
  #unsendable = 0

  constructor(
    engine: SocketEngine,
    rows: ConnectionRows,
    drivers: readonly TargetDriver[],
    share: EventShare,
    stage: SteadyStage,
  ) {
    this.#engine = engine
    this.#rows = rows
    this.#drivers = drivers
    this.#share = share
    this.#stage = stage
    if (stage.arrivals === null) throw new Error('echo needs an arrival model')
    this.#pacer = pacerFrom(stage.arrivals)
    this.#rowCount = connectionsOf(share)
    this.#eventCount = eventsOf(share, this.#pacer.total)
    this.#endUs = stage.endUs
    const seconds = (stage.endUs - stage.startUs) / 1e6
    const perSecond = this.#eventCount / seconds
    this.#timer = new PaceTimer(perSecond, (now) => this.#sendDue(now), engine)
  }

  /** Sends in the measured time so far. */
  get sent(): number {
    return this.#sent
  }

  get late(): number {
    return this.#late
  }

  start(): void {
    this.#timer.start()
  }

  /** Goes on with the same schedule until then: arrival models know no end of their own. */
  extend(endUs: number): void {
    this.#endUs = endUs
    this.#isExtended = true
    this.#timer.stop()
    this.#timer.start()
  }

  stop(): void {
    this.#timer.stop()
  }

  /** Counts of the measured time, up to `endUs` where the run was cut short. */
  counts(endUs: number): SendCounts {
    let planned = 0
    const lastUs = Math.min(endUs, this.#endUs)
    // The schedule is the truth: what it asked for is counted from it, not from what was done.
    const planPacer = pacerFrom(this.#stage.arrivals as NonNullable<SteadyStage['arrivals']>)
    for (let index = 0; index < this.#countMax; index++) {
      const atUs = this.#stage.startUs + planPacer.intendedUs(eventAt(this.#share, index))
      if (atUs > lastUs) break
      if (atUs >= this.#stage.measureFromUs) planned += 1
    }
    const unsent = Math.max(0, planned - this.#sent - this.#unsendable)
    return {
      planned,
      sent: this.#sent,
      late: this.#late,
      unsent,
      unsendable: this.#unsendable,
    }
  }

  get #countMax(): number {
    return this.#isExtended ? Number.POSITIVE_INFINITY : this.#eventCount
  }

  #sendDue(now: number): number {
    const { startUs } = this.#stage
    const endUs = this.#endUs
    let clockUs = now
    let batched = 0
    let inTurn = 0
    const count = this.#countMax
    while (this.#done < count) {
      if (batched === BATCH) {
        this.#engine.flush()
        inTurn += batched
        if (inTurn >= SENDS_PER_TURN_MAX) return AT_ONCE
        batched = 0
        clockUs = nowUs()
      }
      const dueUs = startUs + this.#pacer.intendedUs(eventAt(this.#share, this.#done))
      if (this.#isExtended && dueUs >= endUs) break
      if (dueUs > clockUs) {
        this.#engine.flush()
        return dueUs
      }
      // A generator that is this far behind stops where the stage stops; the rest is unsent.
      if (clockUs > endUs + LATE_AFTER_US) break
      this.#sendOne(dueUs, clockUs)
      batched += 1
    }
    this.#engine.flush()
    return Number.POSITIVE_INFINITY
  }

  #sendOne(dueUs: number, clockUs: number): void {
    const row = this.#done % this.#rowCount
    this.#done += 1
    const measured = dueUs >= this.#stage.measureFromUs
    const slot = this.#rows.openSlotOf(row)
    if (slot < 0) {
      if (measured) this.#unsendable += 1
      return
    }
    const rows = this.#rows
    const seq = rows.sentSeq[slot] + 1
    rows.sentSeq[slot] = seq
    const connection = connectionAt(this.#share, row)
    this.#drivers[rows.target[slot]].sendUpstream(slot, seq, dueUs, clockUs, connection)
    if (!measured) return
    this.#sent += 1
    if (clockUs - dueUs > LATE_AFTER_US) this.#late += 1
  }
}
