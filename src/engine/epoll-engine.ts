/**
 * The engine for Linux and plain TCP: batches of system calls through the native shim, rows instead
 * of objects. The epoll descriptor is itself polled by the event loop, so timers, messages and
 * promises of the shard go on. Sockets are edge-triggered: one epoll_ctl in a connection's life,
 * and who is told "readable" reads until the kernel has less than was asked for. Cost: what could
 * not be read in this turn must be remembered here (ReadList).
 */
import { PushctlError } from '../errors/pushctl-error.ts'
import { type Alarm, AlarmTable } from './alarm-table.ts'
import { ByteSlab } from './byte-slab.ts'
import { ConnectionEnds } from './connection-ends.ts'
import { ConnectionTable, PHASE } from './connection-table.ts'
import { EpollConnector } from './epoll-connector.ts'
import { EpollSender } from './epoll-sender.ts'
import { ListenerTable } from './listener-table.ts'
import { loadShim, type NativeShim, READY, SHIM_BATCH, type ShimHandle } from './native-shim.ts'
import { ReadList } from './read-list.ts'
import { SlotList } from './slot-list.ts'
import {
  CLOSE_REASON,
  type ConnectOptions,
  type EngineCounters,
  type EngineHandler,
  type EngineOptions,
  type Listener,
  type ListenOptions,
  type Slot,
  type SocketEngine,
} from './socket-engine.ts'

/** By TCP_INFO: what peers acknowledged, and what came in order, read or not. */
export interface KernelBytes {
  readonly acked: number
  readonly received: number
}

/** Passes over the ready list before timers and messages get their turn. */
const PASSES_MAX = 8
/**
 * A pass that found no more was probably the last of its turn. After a busier one it pays to look
 * again at once: while three or four messages were handled the next have come, and the way back
 * through the event loop costs as much as one of them (120,000 messages a second on 1,000
 * connections: 3.6 instead of 4.3 µs of CPU each).
 */
const FINAL_PASS_EVENTS = 1

export class EpollEngine implements SocketEngine {
  static isAvailable(): boolean {
    return 'shim' in loadShim()
  }

  readonly kind = 'epoll'
  readonly capacity: number
  readonly counters: EngineCounters = {
    accepted: 0,
    connected: 0,
    connectFailed: 0,
    closed: 0,
    bytesReceived: 0,
    bytesSent: 0,
    bytesCommitted: 0,
    acceptsDeferred: 0,
  }

  readonly #handler: EngineHandler
  readonly #shim: NativeShim
  readonly #handle: ShimHandle
  readonly #table: ConnectionTable
  readonly #slab: ByteSlab
  readonly #sender: EpollSender
  readonly #ends: ConnectionEnds
  readonly #reads: ReadList
  readonly #listeners: ListenerTable
  readonly #connector: EpollConnector
  readonly #alarms: AlarmTable

  readonly #readySlots = new Int32Array(SHIM_BATCH)
  readonly #readyFlags = new Uint8Array(SHIM_BATCH)
  readonly #redeliveries = new SlotList()
  #inTurn = false
  #turnScheduled = false
  #destroyed = false

  constructor(options: EngineOptions, handler: EngineHandler) {
    const load = loadShim()
    if ('missing' in load) {
      throw new PushctlError(
        'PUSHCTL_ENGINE_UNAVAILABLE',
        'the epoll engine is not available on this host',
        { why: load.missing, tries: ['--engine node'] },
      )
    }
    this.#handler = handler
    this.#shim = load.shim
    this.capacity = options.capacity
    this.#table = new ConnectionTable(options.capacity)
    this.#slab = new ByteSlab(options.bufferedBytesMax)
    this.#reads = new ReadList(this.#table, this.#slab, options.keptBytesMax)
    const handle = load.shim.open(this.#table.fdOf, this.#table.sendStateOf, this.#turn)
    if (typeof handle === 'number') {
      throw new PushctlError('PUSHCTL_DESCRIPTORS', 'no descriptor is left for the epoll engine')
    }
    this.#handle = handle
    if (options.rest !== undefined) load.shim.rest(handle, options.rest.gapUs, options.rest.restUs)
    this.#listeners = new ListenerTable(load.shim, handle, this.#turn)
    this.#alarms = new AlarmTable(load.shim, handle)
    this.#connector = new EpollConnector(
      this.#table,
      load.shim,
      handle,
      this.counters,
      (slot, errno) => this.#ends.fail(slot, CLOSE_REASON.CONNECT_FAILED, errno),
    )
    this.#ends = new ConnectionEnds(
      this.#table,
      options.lingerMs,
      load.shim,
      handle,
      this.counters,
      {
        onFree: (slot) => {
          this.#sender.drop(slot)
          this.#reads.forget(slot)
        },
        onGivenUp: (slot) => this.#reads.dropKept(slot),
        onPending: () => this.#scheduleTurn(),
        onLastWord: (slot) => this.#sender.sendQueued(slot),
      },
    )
    this.#sender = new EpollSender(
      this.#table,
      this.#slab,
      options.sendQueueBytesMax,
      load.shim,
      handle,
      this.counters,
      {
        onSendError: (slot, errno) => this.#ends.endOfStream(slot, errno),
        onQueueFull: (slot) => this.#ends.onQueueFull(slot),
        onNoBuffer: (slot) => this.#ends.fail(slot, CLOSE_REASON.BUFFERS_FULL, 0),
        onDrained: (slot) => this.#ends.onDrained(slot),
      },
    )
  }

  get openCount(): number {
    return this.#table.count
  }

  get bufferedBytes(): number {
    return this.#slab.bytesUsed
  }

  get outbox(): Uint8Array {
    return this.#sender.outbox.bytes
  }

  async listen(options: ListenOptions): Promise<Listener> {
    if (this.#destroyed) throw new Error('the engine is destroyed')
    return this.#listeners.open(options)
  }

  closeListener(listenerId: number): void {
    this.#listeners.close(listenerId)
  }

  pauseAccept(): void {
    this.#listeners.pause()
  }

  resumeAccept(): void {
    this.#listeners.resume()
  }

  setAcceptQuota(count: number): void {
    this.#listeners.setQuota(count)
  }

  connect(options: ConnectOptions, out: Int32Array, count: number): number {
    return this.#destroyed ? 0 : this.#connector.start(options, out, count)
  }

  reserve(bytes: number): number {
    return this.#sender.reserve(bytes)
  }

  commit(slot: Slot, start: number, end: number): void {
    this.#sender.commit(slot, start, end)
  }

  flush(): void {
    this.#sender.flush()
  }

  sendSame(slots: Int32Array, count: number, bytes: Uint8Array, start: number, end: number): void {
    // The shim's memory is gone by then.
    if (!this.#destroyed) this.#sender.sendSame(slots, count, bytes, start, end)
  }

  redeliver(slots: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.#redeliveries.push(slots[i])
    this.#scheduleTurn()
  }

  close(slot: Slot): void {
    this.#ends.close(slot)
  }

  abort(slot: Slot): void {
    this.#ends.abort(slot)
  }

  isOpen(slot: Slot): boolean {
    return this.#table.isUsable(slot)
  }

  generationOf(slot: Slot): number {
    return this.#table.generationOf(slot)
  }

  queuedBytesOf(slot: Slot): number {
    return this.#table.queuedBytesOf(slot)
  }

  peerOf(slot: Slot): string {
    return this.#table.isUsable(slot) ? this.#shim.addressOf(this.#table.fdOf[slot], 1) : ''
  }

  localOf(slot: Slot): string {
    return this.#table.isUsable(slot) ? this.#shim.addressOf(this.#table.fdOf[slot], 0) : ''
  }

  /** A timer exact to some 10 µs that rings inside a turn; null where no descriptor is left. */
  openAlarm(onAlarm: () => void): Alarm | null {
    return this.#destroyed ? null : this.#alarms.open(onAlarm)
  }

  /**
   * Starts to count what the kernel says of the bytes of dialled connections; kernelBytes() costs
   * 0.5 µs for each that is open. Not for connections that were accepted.
   */
  countKernelBytes(): void {
    if (!this.#destroyed) this.#shim.countBytes(this.#handle)
  }

  /** Since countKernelBytes(), of connections that ended too; without SYN and FIN. */
  kernelBytes(): KernelBytes {
    if (this.#destroyed) return { acked: 0, received: 0 }
    const totals = new Float64Array(2)
    this.#shim.byteCount(this.#handle, totals)
    return { acked: totals[0], received: totals[1] }
  }

  async destroy(): Promise<void> {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#alarms.destroy()
    this.#listeners.destroy()
    this.#ends.destroy()
    this.#shim.end(this.#handle)
  }

  readonly #turn = (): void => {
    if (this.#destroyed || this.#inTurn) return
    this.#inTurn = true
    this.#turnScheduled = false
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      // Sockets left over from the last pass go first; new ones are taken only while their list has
      // room.
      const count = this.#reads.isCrowded
        ? 0
        : this.#shim.wait(this.#handle, this.#readySlots, this.#readyFlags)
      this.#sortReady(count)
      if (this.#connector.report(this.#handler)) this.flush()
      if (this.#reads.count > 0) this.#receive()
      this.#settle()
      if (this.#destroyed || (count <= FINAL_PASS_EVENTS && this.#reads.count === 0)) break
    }
    this.#inTurn = false
    if (!this.#destroyed && this.#reads.count > 0) this.#scheduleTurn()
  }

  /** Runs a turn soon, for what was asked for outside of one. */
  #scheduleTurn(): void {
    if (this.#inTurn || this.#turnScheduled || this.#destroyed) return
    this.#turnScheduled = true
    setImmediate(this.#turn)
  }

  #sortReady(count: number): void {
    const { phaseOf } = this.#table
    for (let i = 0; i < count; i++) {
      const slot = this.#readySlots[i]
      const flags = this.#readyFlags[i]
      if (slot < 0) {
        if (this.#alarms.isAlarm(slot)) this.#alarms.ring(slot)
        else this.#accept(~slot)
        if (this.#destroyed) return
        continue
      }
      const phase = phaseOf[slot]
      if (phase === PHASE.FREE || phase === PHASE.DEAD) continue
      if (phase === PHASE.CONNECTING && !this.#connector.settle(slot)) continue
      if (flags & READY.WRITABLE && this.#sender.hasQueued(slot)) this.#sender.sendQueued(slot)
      if (flags & READY.READABLE && phaseOf[slot] !== PHASE.DEAD) this.#reads.push(slot, flags)
    }
  }

  #accept(listenerId: number): void {
    const accepted = this.#listeners.accept(listenerId, this.#table)
    if (this.#listeners.wasDeferred) this.counters.acceptsDeferred++
    if (accepted.count === 0) return
    this.counters.accepted += accepted.count
    this.#handler.onAccept(accepted.slots, accepted.count, listenerId)
    this.flush()
  }

  #receive(): void {
    const reads = this.#reads
    reads.begin()
    while (reads.readNext(this.#shim, this.#handle)) {
      this.counters.bytesReceived += reads.newBytes
      if (reads.batch.count > 0) {
        this.#handler.onReceive(reads.batch)
        this.flush()
        this.#keepRemainders()
      }
      for (let i = 0; i < reads.endCount; i++) {
        this.#ends.endOfStream(reads.endSlots[i], reads.endErrnos[i])
      }
      if (this.#destroyed) return
    }
  }

  #keepRemainders(): void {
    const { batch } = this.#reads
    for (let i = 0; i < batch.count; i++) {
      if (this.#table.phaseOf[batch.slots[i]] !== PHASE.OPEN) continue
      const reason = this.#reads.keep(i)
      if (reason !== 0) this.#ends.fail(batch.slots[i], reason, 0)
    }
  }

  #settle(): void {
    this.#redeliverAll()
    this.flush()
    while (this.#ends.hasNews) {
      this.#ends.report(this.#handler)
      this.flush()
    }
    if (this.#ends.carryOut() > 0) this.#listeners.resumeDeferred()
  }

  #redeliverAll(): void {
    const list = this.#redeliveries
    for (let from = 0; from < list.count; ) {
      from = this.#reads.presentKept(list, from)
      if (this.#reads.batch.count === 0) continue
      this.#handler.onReceive(this.#reads.batch)
      this.flush()
      this.#keepRemainders()
    }
    list.clear()
  }
}
