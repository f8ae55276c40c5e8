/**
 * Opens the connections of a shard at its share of the connect rate, from intended time: a connect
 * that is started late has its lateness in connect_time. Rows take the targets in turn; within a
 * target the source addresses are used in blocks, so that one call starts many connections with the
 * same addresses. Rows that come back later queue up behind those, each from its own address.
 */
import type { ConnectOptions, SocketEngine } from '../engine/socket-engine.ts'
import type { ConnectionRows } from './connection-rows.ts'
import { connectionsOf, connectPositionAt, type EventShare } from './event-share.ts'
import { PaceTimer } from './pace-timer.ts'
import { countedPacer } from './pacing/constant-pacer.ts'
import type { Pacer } from './pacing/pacer.ts'
import { targetAt } from './plan/target-share.ts'
import type { Reopener } from './reconnector.ts'
import { RowQueue } from './row-queue.ts'
import type { ResolvedTarget } from './target/target-address.ts'
import { tlsOptionsOf } from './target/target-tls.ts'
import { shareOf } from './work-division.ts'

/** When the table is full (slots still closing) or the window is, look again after this. */
const RETRY_US = 1_000
/**
 * Connections of a shard that are under way at one time. On loopback a connect costs the caller
 * about 50 µs, so an unbounded backlog would stop the loop for seconds and time itself out; what
 * waits here is late, and counted so.
 */
export const CONNECTS_UNDER_WAY_MAX = 256

export interface ConnectorSetup {
  readonly share: EventShare
  readonly targets: readonly ResolvedTarget[]
  readonly sources: readonly string[]
  readonly connectsPerSecond: number
  /** Shards that connect at the same time; the others follow. */
  readonly connectLanes: number
}

/** One target's connections on this shard. */
interface TargetQueue {
  readonly options: readonly ConnectOptions[]
  /** Row of its first connection; the others follow every `targets.length` rows. */
  readonly firstRow: number
  readonly count: number
  started: number
}

export class Connector implements Reopener {
  attempted = 0
  readonly #engine: SocketEngine
  readonly #rows: ConnectionRows
  readonly #share: EventShare
  readonly #queues: readonly TargetQueue[]
  readonly #pacer: Pacer
  readonly #timer: PaceTimer
  readonly #onStarted: (slot: number) => void
  readonly #settled: () => number
  readonly #firstPosition: number
  readonly #positionStep: number
  readonly #slots = new Int32Array(CONNECTS_UNDER_WAY_MAX)
  readonly #again: RowQueue
  readonly #againDueUs: Float64Array
  #startUs = 0
  /** Rows to open, and when the first of them would be due had all been opened in one go. */
  #total = 0
  #offsetUs = 0
  #dueRows = 0

  constructor(
    engine: SocketEngine,
    rows: ConnectionRows,
    setup: ConnectorSetup,
    onStarted: (slot: number) => void,
    /** How many of those that were started are up or have failed. */
    settled: () => number,
  ) {
    this.#engine = engine
    this.#rows = rows
    this.#share = setup.share
    const rowsMax = connectionsOf(setup.share)
    this.#queues = setup.targets.map((target, index) => queueOf(setup, target, index))
    this.#pacer = countedPacer(setup.share.connections, setup.connectsPerSecond)
    this.#settled = settled
    this.#firstPosition = connectPositionAt(setup.share, 0, setup.connectLanes)
    this.#positionStep = connectPositionAt(setup.share, 1, setup.connectLanes) - this.#firstPosition
    const perShard = setup.connectsPerSecond / setup.connectLanes
    this.#timer = new PaceTimer(perShard, (now) => this.#connectDue(now), engine)
    this.#onStarted = onStarted
    this.#again = new RowQueue(rowsMax)
    this.#againDueUs = new Float64Array(rowsMax)
  }

  /**
   * Opens what is missing of the first `connections` of the run. Those beyond it, which the caller
   * has ended, are opened anew when more are wanted again.
   */
  start(startUs: number, connections = this.#share.connections): void {
    this.#startUs = startUs
    this.#total = connectionsOf({ ...this.#share, connections })
    this.#dueRows = Math.min(this.#dueRows, this.#total)
    for (const queue of this.#queues) {
      const due = shareOf(this.#dueRows, queue.firstRow, this.#queues.length)
      queue.started = Math.min(queue.started, due)
    }
    const isFirst = this.#dueRows === 0
    this.#offsetUs = isFirst ? 0 : this.#pacer.intendedUs(this.#dueRows * this.#share.shards)
    this.attempted = 0
    for (let row = 0; row < this.#dueRows; row++) {
      const queue = this.#queues[this.#targetOf(row)]
      if (this.#rows.slotOf(row) >= 0) this.attempted += 1
      else if (this.#placeOf(row, queue) < queue.started) this.queueAgain(row, startUs)
    }
    this.#timer.stop()
    this.#timer.start()
  }

  stop(): void {
    this.#timer.stop()
    this.#again.clear()
  }

  queueAgain(row: number, dueUs: number): void {
    this.#againDueUs[row] = dueUs
    this.#again.push(row)
  }

  goOn(): void {
    this.#timer.stop()
    this.#timer.start()
  }

  /** Where connections of this row come from; "" where the kernel chooses. */
  sourceOf(row: number): string {
    const queue = this.#queues[this.#targetOf(row)]
    return queue.options[sourceAt(queue, this.#placeOf(row, queue))].source?.host ?? ''
  }

  #connectDue(now: number): number {
    const elapsedUs = now - this.#startUs
    while (this.#dueRows < this.#total && this.#intendedUs(this.#dueRows) <= elapsedUs) {
      this.#dueRows += 1
    }
    for (const queue of this.#queues) if (!this.#startQueue(queue, now)) return now + RETRY_US
    if (!this.#startAgain(now)) return now + RETRY_US
    if (this.#dueRows === this.#total) return Number.POSITIVE_INFINITY
    return this.#startUs + this.#intendedUs(this.#dueRows)
  }

  #intendedUs(row: number): number {
    return this.#pacer.intendedUs(this.#firstPosition + row * this.#positionStep) - this.#offsetUs
  }

  #room(): number {
    return CONNECTS_UNDER_WAY_MAX - (this.attempted - this.#settled())
  }

  #targetOf(row: number): number {
    return targetAt(row, this.#share.shard, this.#queues.length)
  }

  #placeOf(row: number, queue: TargetQueue): number {
    return (row - queue.firstRow) / this.#queues.length
  }

  /** False when the engine's table or the window is full. */
  #startAgain(now: number): boolean {
    while (this.#again.count > 0) {
      const row = this.#again.peek()
      const target = this.#targetOf(row)
      const queue = this.#queues[target]
      const options = queue.options[sourceAt(queue, this.#placeOf(row, queue))]
      if (this.#room() <= 0 || this.#engine.connect(options, this.#slots, 1) === 0) return false
      this.#again.shift()
      this.attempted += 1
      this.#rows.begin(this.#slots[0], row, target, this.#againDueUs[row], now)
      this.#onStarted(this.#slots[0])
    }
    return true
  }

  /** False when the engine's table or the window is full. */
  #startQueue(queue: TargetQueue, now: number): boolean {
    const step = this.#queues.length
    const due = shareOf(this.#dueRows, queue.firstRow, step)
    while (queue.started < due) {
      const block = blockOf(queue)
      const room = this.#room()
      if (room <= 0) return false
      const wanted = Math.min(due - queue.started, block.left, room)
      const count = this.#engine.connect(queue.options[block.source], this.#slots, wanted)
      for (let index = 0; index < count; index++) {
        const row = queue.firstRow + (queue.started + index) * step
        const slot = this.#slots[index]
        this.#rows.begin(slot, row, this.#targetOf(row), this.#startUs + this.#intendedUs(row), now)
        this.#onStarted(slot)
      }
      queue.started += count
      this.attempted += count
      if (count < wanted) return false
    }
    return true
  }
}

/** The source address of the connection at `place` among those of its target. */
function sourceAt({ options, count }: TargetQueue, place: number): number {
  return Math.floor((place * options.length) / count)
}

/** Which source address is next, and how many connections of its block are left. */
function blockOf(queue: TargetQueue): { source: number; left: number } {
  const sources = queue.options.length
  const source = sourceAt(queue, queue.started)
  const blockEnd = Math.ceil(((source + 1) * queue.count) / sources)
  return { source, left: blockEnd - queue.started }
}

function queueOf(setup: ConnectorSetup, target: ResolvedTarget, index: number): TargetQueue {
  const { share, targets, sources } = setup
  const firstRow = (index - (share.shard % targets.length) + targets.length) % targets.length
  const tls = tlsOptionsOf(target)
  const plain = { host: target.address, port: target.port }
  const destination = tls === undefined ? plain : { ...plain, tls }
  const options =
    sources.length === 0
      ? [destination]
      : sources.map((host) => ({ ...destination, source: { host, port: 0 } }))
  const count = shareOf(connectionsOf(share), firstRow, targets.length)
  return { options, firstRow, count, started: 0 }
}
