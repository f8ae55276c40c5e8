/**
 * One kind of push of a run: its schedule, its stream, its counts. Where the node does not take the
 * pushes as fast as they are due, the stream says so and what is due meanwhile becomes late or
 * unsent.
 */
import type { SocketEngine } from '../engine/socket-engine.ts'
import { nowUs } from '../stats/clock.ts'
import type { FailureTally } from './failure-tally.ts'
import { PaceTimer } from './pace-timer.ts'
import { type ArrivalModel, pacerFrom } from './pacing/arrival-model.ts'
import { dueCount, LATE_AFTER_US, type Pacer } from './pacing/pacer.ts'
import { BadClientTurns } from './population/bad-client-turns.ts'
import { DeviceTurns } from './population/device-turns.ts'
import { PushOutlet } from './population/push-outlet.ts'
import { RoomTurns } from './population/room-turns.ts'
import { seededRandom } from './seeded-random.ts'
import type { PublisherSetup, PushCounts, PushKind, SteadyStage } from './shard-messages.ts'

/** Pushes in one chunk: bounds how long the clock reading of a chunk is used for. */
const BATCH = 256
/** With those to bad clients beside them. */
const PUSHES_MAX = 2 * BATCH

export interface PublishOrder {
  readonly kind: PushKind
  readonly arrivals: ArrivalModel
  readonly stage: SteadyStage
  /** Connections that were never established: no device to push to. */
  readonly failedConnections: Uint32Array
  /** How many pushes each device has got in earlier steps, for broadcasts in the first place. */
  readonly numbers: Uint32Array
  /** The same of each room. */
  readonly roomNumbers: Uint32Array
  /** The stream broke off; `broken` says why. */
  onBroken(): void
}

export class PublisherRun {
  /** Why the stream ended before the pushes did. */
  broken: Error | null = null
  /** When sending ended; 0: not yet. */
  endUs = 0
  readonly #setup: PublisherSetup
  readonly #arrivals: ArrivalModel
  readonly #stage: SteadyStage
  #stageEndUs: number
  /** Infinite once the end has moved: then the clock alone ends the stage. */
  #total: number
  #limit: NodeJS.Timeout | null = null
  readonly #failures: FailureTally
  readonly #outlet: PushOutlet
  readonly #pacer: Pacer
  readonly #timer: PaceTimer
  readonly #isUnicast: boolean
  /** Pushes sent to each device; of broadcasts there is one count. */
  readonly #numbers: Uint32Array
  readonly #sentBefore: number
  readonly #devices: DeviceTurns
  readonly #rooms: RoomTurns | null
  readonly #badClients: BadClientTurns | null
  #isHurried = false
  #done = 0
  #sent = 0
  #late = 0
  #unsendable = 0
  #warmupSent = 0
  #sentInAll = 0
  /** Since when the target takes no more; 0: it does. */
  #blockedFromUs = 0
  #blockedUs = 0
  #resolve: () => void = () => {}
  readonly #sentAll = new Promise<void>((resolve) => {
    this.#resolve = resolve
  })

  constructor(
    setup: PublisherSetup,
    order: PublishOrder,
    failures: FailureTally,
    alarms: SocketEngine | null,
  ) {
    const { kind, arrivals, stage, numbers } = order
    this.#setup = setup
    this.#arrivals = arrivals
    this.#stage = stage
    this.#stageEndUs = stage.endUs
    this.#failures = failures
    this.#isUnicast = kind === 'unicast'
    this.#numbers = numbers
    this.#sentBefore = numbers[0]
    this.#rooms = this.#isUnicast ? RoomTurns.of(setup, order.roomNumbers) : null
    const connections = stage.connections ?? setup.connections
    this.#badClients = this.#isUnicast ? BadClientTurns.of(setup, connections) : null
    this.#pacer = pacerFrom(arrivals)
    this.#total = this.#pacer.total
    const perSecond = (this.#pacer.total * 1e6) / (stage.endUs - stage.startUs)
    this.#timer = new PaceTimer(perSecond, (now) => this.#sendDue(now), alarms)
    this.#outlet = new PushOutlet(setup, kind, PUSHES_MAX, {
      onDrain: () => this.#onDrain(),
      onRefused: (cause, sample) => failures.add('publish', cause, '', nowUs(), () => sample),
      onBroken: (error) => {
        this.broken = error
        order.onBroken()
      },
    })
    const first = seededRandom(setup.seed).nextUint32() % connections
    const { publishers } = this.#outlet
    this.#devices = new DeviceTurns(connections, order.failedConnections, publishers, first)
  }

  /** Pushes of the measured time so far. */
  get sent(): number {
    return this.#sent
  }

  get late(): number {
    return this.#late
  }

  /** Resolves when all is sent, or the stage is over. */
  async publish(): Promise<void> {
    this.#timer.start()
    this.#limitTo(this.#stageEndUs)
    await this.#sentAll
    if (this.#limit) clearTimeout(this.#limit)
  }

  /** Goes on with the same schedule until then: arrival models know no end of their own. */
  extend(endUs: number): void {
    if (this.endUs !== 0) return
    this.#stageEndUs = endUs
    this.#total = Number.POSITIVE_INFINITY
    this.#limitTo(endUs)
    if (this.#blockedFromUs > 0) return
    this.#timer.stop()
    this.#timer.start()
  }

  /** A blocked stream must not keep the run from ending. */
  #limitTo(endUs: number): void {
    if (this.#limit) clearTimeout(this.#limit)
    const leftUs = endUs + LATE_AFTER_US - nowUs()
    this.#limit = setTimeout(() => this.stop(), Math.max(0, leftUs / 1000))
  }

  /** Resolves when the answers to all that was sent are read, or too late. */
  async answered(): Promise<void> {
    await this.#sentAll
    this.#outlet.end()
    await this.#lastAnswers()
    const sent = this.#sentInAll + (this.#badClients?.pushed ?? 0)
    const unanswered = sent - this.#outlet.answered
    if (unanswered > 0 && this.broken === null) {
      this.#failures.add('publish', 'unanswered', '', nowUs(), () => `${unanswered} pushes`)
    }
    await this.#outlet.destroy()
  }

  /** No more pushes, and no waiting for answers beyond the limit. */
  finish(): void {
    this.#isHurried = true
    this.stop()
  }

  stop(): void {
    if (this.endUs !== 0) return
    this.endUs = nowUs()
    this.#endBlock()
    this.#timer.stop()
    this.#resolve()
  }

  counts(): PushCounts {
    const { startUs, measureFromUs } = this.#stage
    const pacer = pacerFrom(this.#arrivals)
    const lastUs = Math.min(this.#stageEndUs, this.endUs)
    const warmup = dueCount(pacer, measureFromUs - startUs - 1e-3)
    const planned = Math.max(0, dueCount(pacer, lastUs - startUs) - warmup)
    const unsent = Math.max(0, planned - this.#sent - this.#unsendable)
    return {
      sends: { planned, sent: this.#sent, late: this.#late, unsent, unsendable: this.#unsendable },
      sentInAll: this.#sentInAll,
      warmupSent: this.#warmupSent,
      sentBefore: this.#sentBefore,
      blockedUs: this.#blockedUs,
      ...(this.#rooms === null ? {} : { rooms: this.#rooms.counts }),
      ...(this.#badClients === null ? {} : { toBadClients: this.#badClients.measured }),
    }
  }

  /** Of those that do not come within the limit, none is waited for. */
  async #lastAnswers(): Promise<void> {
    const { answersLimitMs, answersExtraMs = 0 } = this.#setup
    const extraUntilUs = nowUs() + answersExtraMs * 1000
    let answered = this.#outlet.answered
    const look = (): void => {
      const before = answered
      answered = this.#outlet.answered
      if (this.#isHurried || answered === before || nowUs() >= extraUntilUs) {
        void this.#outlet.destroy()
      } else timer = setTimeout(look, answersLimitMs)
    }
    let timer = setTimeout(look, answersLimitMs)
    await this.#outlet.done
    clearTimeout(timer)
  }

  #onDrain(): void {
    if (this.#blockedFromUs === 0) return
    this.#endBlock()
    if (this.endUs === 0) this.#timer.start()
  }

  #endBlock(): void {
    if (this.#blockedFromUs > 0) this.#blockedUs += nowUs() - this.#blockedFromUs
    this.#blockedFromUs = 0
  }

  #sendDue(now: number): number {
    let clockUs = now
    while (this.#done < this.#total) {
      const due = this.#countDueBatch(clockUs)
      if (due === 0) return this.#nextDueUs()
      if (clockUs > this.#stageEndUs + LATE_AFTER_US) break
      this.#push(due, clockUs)
      if (!this.#outlet.flush()) {
        this.#blockedFromUs = nowUs()
        return Number.POSITIVE_INFINITY
      }
      clockUs = nowUs()
    }
    this.stop()
    return Number.POSITIVE_INFINITY
  }

  /** The end is left to the clock where the schedule has none. */
  #nextDueUs(): number {
    const dueUs = this.#stage.startUs + this.#pacer.intendedUs(this.#done)
    return dueUs < this.#stageEndUs ? dueUs : Number.POSITIVE_INFINITY
  }

  #countDueBatch(clockUs: number): number {
    const { startUs } = this.#stage
    const untilUs = Math.min(clockUs, this.#stageEndUs)
    let due = 0
    while (
      due < BATCH &&
      this.#done + due < this.#total &&
      startUs + this.#pacer.intendedUs(this.#done + due) <= untilUs
    ) {
      due += 1
    }
    return due
  }

  #push(due: number, clockUs: number): void {
    const outlet = this.#outlet
    const beside = this.#badClients?.countFor(due) ?? 0
    outlet.begin(due + beside)
    for (let index = 0; index < due; index++) {
      const intendedUs = this.#stage.startUs + this.#pacer.intendedUs(this.#done)
      this.#done += 1
      this.#pushOne(intendedUs, clockUs)
    }
    const measured = clockUs >= this.#stage.measureFromUs
    for (let index = 0; index < beside; index++) {
      outlet.toDevice(this.#badClients?.next(measured) ?? 0, 1, clockUs, clockUs)
    }
  }

  #pushOne(intendedUs: number, clockUs: number): void {
    const outlet = this.#outlet
    const measured = intendedUs >= this.#stage.measureFromUs
    const room = this.#rooms === null ? -1 : this.#rooms.next(measured)
    if (room >= 0) {
      outlet.toRoom(room, this.#rooms?.numberOf(room) ?? 0, intendedUs, clockUs)
    } else {
      const device = this.#isUnicast ? this.#devices.next(outlet.publisher) : 0
      if (device < 0) {
        if (measured) this.#unsendable += 1
        return
      }
      outlet.toDevice(device, ++this.#numbers[device], intendedUs, clockUs)
    }
    this.#sentInAll += 1
    if (!measured) this.#warmupSent += 1
    else {
      this.#sent += 1
      if (clockUs - intendedUs > LATE_AFTER_US) this.#late += 1
    }
  }
}
