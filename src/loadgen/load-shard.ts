/**
 * One shard of the generator: its connections through connect, upgrade, HELLO and heartbeats, and
 * what they receive. It runs in a worker thread or a process and knows neither. All that is per
 * connection is in ConnectionRows; a batch of messages is handled without allocating.
 *
 *   Connector ─► onConnect: greet ─► (onGreeting) ─► onWelcome ─► OPEN: heartbeats, EchoSender,
 *      ▲                                                             │  Receipts
 *      └──────────────────── Reconnector ◄─── lost, or ConnectionChurn ◄┘
 */
import { countKernelBytes, createEngine } from '../engine/create-engine.ts'
import {
  DEFAULT_ENGINE_OPTIONS,
  type EngineHandler,
  type ReceiveBatch,
  type Slot,
  type SocketEngine,
} from '../engine/socket-engine.ts'
import { generatorRest } from '../engine/turn-rest.ts'
import { nowUs } from '../stats/clock.ts'
import { BROKEN_OFF, type ConnectionEnd } from './back-off.ts'
import type { ConnectionChurn } from './connection-churn.ts'
import { CONNECTION_PHASE, ConnectionRows, PHASE_NAMES } from './connection-rows.ts'
import { ConnectionTimers } from './connection-timers.ts'
import { Connector } from './connector.ts'
import { deviceRooms, driverOptions } from './driver-options.ts'
import type { DispatchConnector } from './dispatch/dispatch-connector.ts'
import { ShardDispatch } from './dispatch/shard-dispatch.ts'
import { EchoSender } from './echo-sender.ts'
import { connectionAt, connectionsOf } from './event-share.ts'
import { FailedRows } from './failed-rows.ts'
import { causeOfClose } from './failure-causes.ts'
import { FailureTally } from './failure-tally.ts'
import { LatencyPair } from './latency-pair.ts'
import { LINGER_MS, PHASE_LIMIT_MS } from './phase-limits.ts'
import { ShardRooms } from './population/shard-rooms.ts'
import { Receipts } from './receipts.ts'
import type { Reconnector } from './reconnector.ts'
import { FAIL_FAST_COUNT } from './run-limits.ts'
import { endInBatches, waitUntilClosed } from './shard-ending.ts'
import type { ShardSetup, SteadyStage } from './shard-messages.ts'
import { ShardTurnover } from './shard-turnover.ts'
import { createDriver } from './target/create-driver.ts'
import type { ConnectionEvents, TargetDriver } from './target/target-driver.ts'

/**
 * Slots beyond the shard's connections, for those that are still closing while others are opened.
 */
const CAPACITY_SPARE = 64
const { FREE, CONNECTING, UPGRADING, GREETING, OPEN } = CONNECTION_PHASE

export class LoadShard implements EngineHandler, ConnectionEvents {
  readonly engine: SocketEngine
  readonly rows: ConnectionRows
  readonly receipts: Receipts
  /** null: devices have no rooms. */
  readonly rooms: ShardRooms | null
  failures = new FailureTally()
  readonly connectTime = new LatencyPair()
  /** From the connection to the carrier's welcome; WebSocket only. */
  readonly upgradeTime = new LatencyPair()
  readonly handshakeTime = new LatencyPair()
  readonly heartbeatRtt = new LatencyPair()
  /** Ends of connections that had been up, unasked for. */
  readonly endedUs: number[] = []
  readonly connector: Connector | DispatchConnector
  /** null: the devices connect to the targets in turn. */
  readonly dispatch: ShardDispatch | null
  readonly failedRows: FailedRows
  readonly kernelBytes: ReturnType<typeof countKernelBytes>
  /** Of whole frames; the kernel may have given us more. */
  decodedBytes = 0
  established = 0
  /** Ended before they were up. */
  failed = 0
  echo: EchoSender | null = null
  /** Called when the first connections have all failed. */
  onHopeless: () => void = () => {}

  readonly #setup: ShardSetup
  readonly #drivers: TargetDriver[]
  readonly #timers: ConnectionTimers
  readonly #onSettled: () => void
  readonly #total: number
  /** The first so many rows are wanted now. */
  #wanted: number
  #isSettled = false
  /** null: connections that end stay away. */
  #turnover: ShardTurnover | null = null

  /** `onSettled` is called when every connection that is wanted was tried: it is up, or failed. */
  constructor(setup: ShardSetup, onSettled: () => void) {
    this.#setup = setup
    this.#onSettled = onSettled
    this.#total = connectionsOf(setup.share)
    this.#wanted = this.#total
    this.failedRows = new FailedRows(setup.share)
    const capacity = this.#total + CAPACITY_SPARE
    const rest = generatorRest(setup.share.shards)
    const engineOptions = { ...DEFAULT_ENGINE_OPTIONS, capacity, lingerMs: LINGER_MS, rest }
    this.engine = createEngine(setup.engine, engineOptions, this)
    this.kernelBytes = countKernelBytes(this.engine)
    this.rows = new ConnectionRows(this.engine.capacity, this.#total)
    this.receipts = new Receipts(this.rows, setup.runId, setup.activities)
    const rooms = deviceRooms(setup)
    this.rooms = rooms === null ? null : new ShardRooms(rooms.rooms, setup.share, this.rows)
    const options = driverOptions(setup, rooms)
    this.#drivers = setup.targets.map((target) => createDriver(this.engine, target, options, this))
    this.#timers = new ConnectionTimers(
      this.engine.capacity,
      setup.share,
      (slot) => this.#onTimer(slot),
      () => this.engine.flush(),
    )
    const onStarted = (slot: Slot): void => this.#onAttempt(slot)
    this.dispatch = ShardDispatch.of(this.engine, this.rows, setup, {
      onStarted,
      onTarget: (target) => this.#drivers.push(createDriver(this.engine, target, options, this)),
      onNowhere: (row, why) => this.#onNowhere(row, why),
    })
    const settled = (): number => this.established + this.failed
    this.connector =
      this.dispatch?.connector ?? new Connector(this.engine, this.rows, setup, onStarted, settled)
  }

  get churn(): ConnectionChurn | null {
    return this.#turnover?.churn ?? null
  }

  get reconnector(): Reconnector | null {
    return this.#turnover?.reconnector ?? null
  }

  /** Ends and opens connections until the first so many of the run are up; counts start anew. */
  connect(startUs: number, connections: number): void {
    this.#wanted = connectionsOf({ ...this.#setup.share, connections })
    for (let row = this.#wanted; row < this.#total; row++) {
      const slot = this.rows.slotOf(row)
      // A reset leaves no TIME_WAIT behind, so the port is free for the next time.
      if (slot >= 0) this.#drop(slot, true)
    }
    const { connectTime, upgradeTime, handshakeTime, heartbeatRtt } = this
    for (const pair of [connectTime, upgradeTime, handshakeTime, heartbeatRtt]) pair.reset()
    this.receipts.reset()
    this.failures = new FailureTally()
    this.endedUs.length = 0
    this.rooms?.clear()
    this.failedRows.clear()
    this.echo = null
    this.failed = 0
    this.established = this.rows.openCount
    this.#isSettled = false
    this.connector.start(startUs, connections)
    this.#checkSettled()
  }

  startSteady(stage: SteadyStage): void {
    this.receipts.begin(stage.measureFromUs, stage.clock)
    this.dispatch?.begin(stage.measureFromUs)
    const { turnover } = stage
    if (turnover !== null) {
      // Where connections end for reasons of their own, most of them stay: those of the ramp count.
      if (turnover.kind !== 'return') this.#countConnectsFrom(stage.measureFromUs)
      const reset = (slot: Slot): void => this.#drop(slot, true)
      this.#turnover = new ShardTurnover(this, this.#setup.share, reset, stage, turnover)
    }
    if (!this.#setup.activities.echo || stage.arrivals === null) return
    const { share } = this.#setup
    const loaded = { ...share, connections: stage.connections ?? share.connections }
    this.echo = new EchoSender(this.engine, this.rows, this.#drivers, loaded, stage)
    this.echo.start()
  }

  /** The steady state ends at another time; what comes at a rate goes on until then. */
  extend(endUs: number): void {
    this.echo?.extend(endUs)
  }

  stopSending(): void {
    this.#turnover?.stop()
    this.connector.stop()
    this.echo?.stop()
  }

  /**
   * Says goodbye on all connections and waits for their end, at most `limitMs`; then gives all
   * descriptors back. Returns how many had not ended in order by then.
   */
  async close(limitMs: number): Promise<number> {
    await this.#endAll()
    this.#timers.stop()
    const left = await waitUntilClosed(this.engine, limitMs)
    await Promise.all([this.engine.destroy(), this.dispatch?.connector.close()])
    return left
  }

  #endAll(): Promise<void> {
    return endInBatches(this.engine, this.rows, (slot, phase) => {
      if (phase > CONNECTING) this.#drivers[this.rows.target[slot]].sayGoodbye(slot)
      this.#drop(slot, phase === CONNECTING)
    })
  }

  onAccept(): void {}

  onConnect(slots: Int32Array, count: number): void {
    const now = nowUs()
    const { rows } = this
    for (let index = 0; index < count; index++) {
      const slot = slots[index]
      this.connectTime.recordUs(now, rows.dueUs[slot], rows.writtenUs[slot])
      rows.dueUs[slot] = now
      rows.writtenUs[slot] = now
      const greeted = this.#drivers[rows.target[slot]].greet(slot, this.#connectionOf(slot))
      rows.phase[slot] = greeted ? GREETING : UPGRADING
      this.#timers.limitPhase(slot)
    }
  }

  onReceive(batch: ReceiveBatch): void {
    this.receipts.beginBatch(nowUs())
    const { slots, starts, ends, keepFrom, bytes } = batch
    const { phase, target } = this.rows
    for (let index = 0; index < batch.count; index++) {
      const slot = slots[index]
      if (phase[slot] === FREE) continue
      const driver = this.#drivers[target[slot]]
      const connection = this.#connectionOf(slot)
      keepFrom[index] = driver.receive(slot, connection, bytes, starts[index], ends[index])
      this.decodedBytes += keepFrom[index] - starts[index]
    }
    this.receipts.endBatch()
  }

  onOverflow(slots: Int32Array, count: number): void {
    for (let index = 0; index < count; index++)
      this.#fail(slots[index], 'send-queue-full', '', true)
  }

  onClose(slots: Int32Array, reasons: Uint8Array, errnos: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) {
      this.#end(slots[index], causeOfClose(reasons[index], errnos[index]), '')
    }
  }

  onGreeting(slot: Slot): void {
    const { rows } = this
    const now = nowUs()
    this.upgradeTime.recordUs(now, rows.dueUs[slot], rows.writtenUs[slot])
    rows.phase[slot] = GREETING
    rows.writtenUs[slot] = now
    this.#timers.limitPhase(slot)
  }

  onWelcome(slot: Slot, heartbeatSeconds: number): void {
    const { rows } = this
    if (rows.phase[slot] !== GREETING) {
      this.#fail(slot, 'unexpected-welcome', '', true)
      return
    }
    const now = nowUs()
    this.handshakeTime.recordUs(now, rows.dueUs[slot], rows.writtenUs[slot])
    this.reconnector?.onWelcome(rows.row[slot], now)
    this.dispatch?.onWelcome(rows.row[slot], rows.target[slot], now)
    rows.open(slot)
    this.established += 1
    rows.heartbeatTicks[slot] =
      heartbeatSeconds === 0 ? 0 : this.#timers.ticksOf(heartbeatSeconds * 1000)
    this.#timers.startHeartbeat(slot, rows.row[slot], rows.heartbeatTicks[slot])
    this.#checkSettled()
  }

  onMessage(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    this.receipts.onMessage(slot, bytes, start, end)
  }

  onPong(slot: Slot, heartbeatSeconds: number): void {
    const { rows } = this
    if (rows.phase[slot] !== OPEN) return
    if (heartbeatSeconds > 0)
      rows.heartbeatTicks[slot] = this.#timers.ticksOf(heartbeatSeconds * 1000)
    if (rows.writtenUs[slot] === 0) return
    this.heartbeatRtt.recordUs(nowUs(), rows.dueUs[slot], rows.writtenUs[slot])
    rows.writtenUs[slot] = 0
    this.#timers.scheduleHeartbeat(slot, rows.heartbeatTicks[slot])
  }

  onEnd(slot: Slot, cause: string, sample: string, isFault: boolean, end = BROKEN_OFF): void {
    this.#fail(slot, cause, sample, isFault, end)
  }

  #onAttempt(slot: Slot): void {
    this.#timers.limitPhase(slot)
    this.reconnector?.onAttempt(this.rows.row[slot], this.rows.writtenUs[slot])
  }

  /** Connects that began earlier are not in the metrics. */
  #countConnectsFrom(fromUs: number): void {
    for (const pair of [this.connectTime, this.upgradeTime, this.handshakeTime]) {
      pair.reset()
      pair.fromUs = fromUs
    }
  }

  #connectionOf(slot: Slot): number {
    return connectionAt(this.#setup.share, this.rows.row[slot])
  }

  #onTimer(slot: Slot): void {
    const { rows } = this
    if (rows.phase[slot] === FREE) return
    if (rows.phase[slot] !== OPEN) {
      this.#fail(slot, 'timeout', `nothing within ${PHASE_LIMIT_MS} ms`, true)
      return
    }
    if (rows.writtenUs[slot] !== 0) {
      this.#fail(slot, 'heartbeat-timeout', 'no PONG in time', true)
      return
    }
    // Due was the tick, not the moment at which the wheel came round to it.
    rows.dueUs[slot] = this.#timers.dueUs
    rows.writtenUs[slot] = nowUs()
    this.#drivers[rows.target[slot]].ping(slot)
    this.#timers.limitPong(slot, rows.heartbeatTicks[slot])
  }

  /** Ends a connection from our side because of what went wrong on it. */
  #fail(slot: Slot, cause: string, sample: string, atOnce: boolean, end = BROKEN_OFF): void {
    if (this.rows.phase[slot] === FREE) return
    this.#end(slot, cause, sample, end)
    this.#drop(slot, atOnce)
  }

  #drop(slot: Slot, atOnce: boolean): void {
    this.#timers.cancel(slot)
    this.rows.end(slot)
    if (atOnce) this.engine.abort(slot)
    else this.engine.close(slot)
  }

  /** The connection is over; counts why. */
  #end(slot: Slot, cause: string, sample: string, end: ConnectionEnd = BROKEN_OFF): void {
    this.#timers.cancel(slot)
    const row = this.rows.row[slot]
    const target = this.rows.target[slot]
    const { url } = (this.dispatch?.table.targets ?? this.#setup.targets)[target]
    const phase = this.rows.end(slot)
    if (phase === FREE) return
    const now = nowUs()
    const source = this.connector.sourceOf(row)
    this.failures.add(PHASE_NAMES[phase], cause, source, now, () =>
      sample ? `${url}: ${sample}` : url,
    )
    if (phase === OPEN) {
      this.endedUs.push(now)
      this.dispatch?.onLost(row, target, end, now)
      this.rooms?.onEnded(row)
      this.reconnector?.onLost(row, now, end)
    } else if (this.dispatch?.connector.onFailed(row, target, end) !== true) {
      this.#giveUp(row, end)
    }
    this.#checkSettled()
  }

  #onNowhere(row: number, why: string): void {
    this.failures.add('dispatch', 'no-node', '', nowUs(), () => why)
    this.#giveUp(row, BROKEN_OFF)
    this.#checkSettled()
  }

  /** An attempt failed; where connections come back, the row is tried again after a while. */
  #giveUp(row: number, end: ConnectionEnd): void {
    this.failed += 1
    if (!this.#isSettled) this.failedRows.add(row)
    this.reconnector?.onFailed(row, end)
    if (this.failed === FAIL_FAST_COUNT && this.established === 0) this.onHopeless()
  }

  #checkSettled(): void {
    if (this.#isSettled || this.established + this.failed < this.#wanted) return
    this.#isSettled = true
    this.#onSettled()
  }
}
