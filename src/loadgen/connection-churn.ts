/**
 * Ends connections at a rate, so that each is replaced when its lifetime is over, without keeping a
 * lifetime for any of them:
 *
 *   constant     N connections of lifetime L whose ages are spread evenly end one every L / N, in
 *                turn: event e of the global schedule ends connection e mod N, as in event-share.ts
 *   exponential  has no memory, so ends are a Poisson process of rate N / L over connections chosen
 *                at random; each shard has its own process over its own, which add up to one
 *
 * A connection that is not up when its turn comes (it is on its way back) is counted, not ended.
 */
import type { SocketEngine } from '../engine/socket-engine.ts'
import { nowUs } from '../stats/clock.ts'
import { connectionsOf, type EventShare, eventAt, eventsOf } from './event-share.ts'
import { PaceTimer } from './pace-timer.ts'
import { constantPacer } from './pacing/constant-pacer.ts'
import { dueCount, LATE_AFTER_US, type Pacer } from './pacing/pacer.ts'
import { poissonPacer } from './pacing/poisson-pacer.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import type { SendCounts, SteadyStage } from './shard-messages.ts'
import type { Churn } from './turnover.ts'

/** The ends that are one shard's. */
interface ShardEnds {
  readonly pacer: Pacer
  rowOf(index: number): number
}

export class ConnectionChurn {
  readonly #stage: SteadyStage
  readonly #share: EventShare
  readonly #churn: Churn
  readonly #ends: ShardEnds
  readonly #timer: PaceTimer
  readonly #replace: (row: number, dueUs: number) => boolean
  #done = 0
  #replaced = 0
  #late = 0
  #away = 0

  /** `replace` is false where the connection of the row is not up. */
  constructor(
    share: EventShare,
    stage: SteadyStage,
    churn: Churn,
    replace: (row: number, dueUs: number) => boolean,
    engine: SocketEngine | null = null,
  ) {
    this.#share = share
    this.#stage = stage
    this.#churn = churn
    this.#replace = replace
    this.#ends = endsOf(share, churn, stage.endUs - stage.startUs)
    const perSecond = (churn.perSecond * connectionsOf(share)) / share.connections
    this.#timer = new PaceTimer(perSecond, (now) => this.#endDue(now), engine)
  }

  start(): void {
    this.#timer.start()
  }

  stop(): void {
    this.#timer.stop()
  }

  /** Replacements of the measured time, up to `untilUs` where the run was cut short. */
  counts(untilUs: number): SendCounts {
    const { startUs, measureFromUs, endUs } = this.#stage
    const { pacer } = endsOf(this.#share, this.#churn, endUs - startUs)
    const warmup = dueCount(pacer, measureFromUs - startUs - 1e-3)
    const all = dueCount(pacer, Math.min(untilUs, endUs) - startUs, warmup)
    const planned = Math.max(0, all - warmup)
    return {
      planned,
      sent: this.#replaced,
      late: this.#late,
      unsent: Math.max(0, planned - this.#replaced - this.#away),
      unsendable: this.#away,
    }
  }

  #endDue(now: number): number {
    const { startUs, measureFromUs, endUs } = this.#stage
    const { pacer } = this.#ends
    while (this.#done < pacer.total) {
      const dueUs = startUs + pacer.intendedUs(this.#done)
      if (dueUs > now) return dueUs
      if (now > endUs + LATE_AFTER_US) break
      const isReplaced = this.#replace(this.#ends.rowOf(this.#done), dueUs)
      this.#done += 1
      if (dueUs < measureFromUs) continue
      if (!isReplaced) this.#away += 1
      else {
        this.#replaced += 1
        if (nowUs() - dueUs > LATE_AFTER_US) this.#late += 1
      }
    }
    return Number.POSITIVE_INFINITY
  }
}

function endsOf(share: EventShare, churn: Churn, stageUs: number): ShardEnds {
  const rows = connectionsOf(share)
  if (churn.lifetime === 'constant') {
    const all = constantPacer(churn.perSecond, stageUs)
    const total = eventsOf(share, all.total)
    const intendedUs = (index: number): number => all.intendedUs(eventAt(share, index))
    return { pacer: { total, intendedUs }, rowOf: (index) => index % rows }
  }
  const seed = (churn.seed + share.shard) >>> 0
  const pacer = poissonPacer((churn.perSecond * rows) / share.connections, stageUs, seed)
  const random: SeededRandom = seededRandom(~seed)
  return { pacer, rowOf: () => random.nextUint32() % rows }
}
