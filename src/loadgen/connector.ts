/**
 * Opens the connections of a shard at its share of the connect rate, from intended time: a connect
 * that is started late has its lateness in connect_time. Rows take the targets in turn; within a
 * target the source addresses are used in blocks, so that one call starts many connections with the
 * same addresses.
 */
import type { ConnectOptions, SocketEngine } from '../engine/socket-engine.ts'
import type { ConnectionRows } from './connection-rows.ts'
import { connectionAt, connectionsOf, type EventShare } from './event-share.ts'
import { PaceTimer } from './pace-timer.ts'
import { countedPacer } from './pacing/constant-pacer.ts'
import type { Pacer } from './pacing/pacer.ts'
import { targetAt } from './plan/target-share.ts'
import type { ResolvedTarget } from './target/target-address.ts'
import { shareOf } from './work-division.ts'

/** Connections started by one call of the engine. */
const CONNECT_BATCH = 1024
/** When the table is full (slots still closing), look again after this. */
const RETRY_US = 5_000

export interface ConnectorSetup {
  readonly share: EventShare
  readonly targets: readonly ResolvedTarget[]
  readonly sources: readonly string[]
  readonly connectsPerSecond: number
}

/** One target's connections on this shard. */
interface TargetQueue {
  readonly options: readonly ConnectOptions[]
  /** Row of its first connection; the others follow every `targets.length` rows. */
  readonly firstRow: number
  readonly count: number
  started: number
}

export class Connector {
  attempted = 0
  readonly #engine: SocketEngine
  readonly #rows: ConnectionRows
  readonly #share: EventShare
  readonly #queues: readonly TargetQueue[]
  readonly #pacer: Pacer
  readonly #timer: PaceTimer
  readonly #onStarted: (slot: number) => void
  readonly #slots = new Int32Array(CONNECT_BATCH)
  readonly #total: number
  #startUs = 0
  #dueRows = 0

  constructor(
    engine: SocketEngine,
    rows: ConnectionRows,
    setup: ConnectorSetup,
    onStarted: (slot: number) => void,
  ) {
    this.#engine = engine
    this.#rows = rows
    this.#share = setup.share
    this.#total = connectionsOf(setup.share)
    this.#queues = setup.targets.map((target, index) => queueOf(setup, target, index))
    this.#pacer = countedPacer(setup.share.connections, setup.connectsPerSecond)
    const perShard = setup.connectsPerSecond / setup.share.shards
    this.#timer = new PaceTimer(perShard, (now) => this.#connectDue(now))
    this.#onStarted = onStarted
  }

  start(startUs: number): void {
    this.#startUs = startUs
    this.#timer.start()
  }

  stop(): void {
    this.#timer.stop()
  }

  #connectDue(now: number): number {
    const elapsedUs = now - this.#startUs
    while (this.#dueRows < this.#total && this.#intendedUs(this.#dueRows) <= elapsedUs) {
      this.#dueRows += 1
    }
    for (const queue of this.#queues) if (!this.#startQueue(queue, now)) return now + RETRY_US
    if (this.#dueRows === this.#total) return Number.POSITIVE_INFINITY
    return this.#startUs + this.#intendedUs(this.#dueRows)
  }

  #intendedUs(row: number): number {
    return this.#pacer.intendedUs(connectionAt(this.#share, row))
  }

  /** False when the engine's table is full. */
  #startQueue(queue: TargetQueue, now: number): boolean {
    const step = this.#queues.length
    const due = shareOf(this.#dueRows, queue.firstRow, step)
    while (queue.started < due) {
      const block = blockOf(queue)
      const wanted = Math.min(due - queue.started, block.left, CONNECT_BATCH)
      const count = this.#engine.connect(queue.options[block.source], this.#slots, wanted)
      for (let index = 0; index < count; index++) {
        const row = queue.firstRow + (queue.started + index) * step
        const slot = this.#slots[index]
        const target = targetAt(row, this.#share.shard, step)
        this.#rows.begin(slot, row, target, this.#startUs + this.#intendedUs(row), now)
        this.#onStarted(slot)
      }
      queue.started += count
      this.attempted += count
      if (count < wanted) return false
    }
    return true
  }
}

/** Which source address is next, and how many connections of its block are left. */
function blockOf(queue: TargetQueue): { source: number; left: number } {
  const sources = queue.options.length
  const source = Math.floor((queue.started * sources) / queue.count)
  const blockEnd = Math.ceil(((source + 1) * queue.count) / sources)
  return { source, left: blockEnd - queue.started }
}

function queueOf(setup: ConnectorSetup, target: ResolvedTarget, index: number): TargetQueue {
  const { share, targets, sources } = setup
  const firstRow = (index - (share.shard % targets.length) + targets.length) % targets.length
  const destination = { host: target.address, port: target.port }
  const options =
    sources.length === 0
      ? [destination]
      : sources.map((host) => ({ ...destination, source: { host, port: 0 } }))
  const count = shareOf(connectionsOf(share), firstRow, targets.length)
  return { options, firstRow, count, started: 0 }
}
