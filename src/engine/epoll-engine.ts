/**
 * The engine for Linux and plain TCP: batches of system calls through the native shim, rows instead of objects.
 * The epoll descriptor is itself polled by the event loop, so timers, messages and promises of the shard go on.
 * Sockets are edge-triggered: one epoll_ctl in a connection's life, and who is told "readable" reads until the kernel
 * has less than was asked for. Cost: what could not be read in this turn must be remembered here (ReadList).
 */
import { constants } from 'node:os'
import { PushctlError } from '../errors/pushctl-error.ts'
import { ByteSlab } from './byte-slab.ts'
import { ConnectionTable, PHASE, SEND_STATE } from './connection-table.ts'
import { EndingLists } from './ending-lists.ts'
import { EpollSender } from './epoll-sender.ts'
import { LingerQueue } from './linger-queue.ts'
import { ListenerTable } from './listener-table.ts'
import {
  CLOSE_HOW,
  loadShim,
  type NativeShim,
  READY,
  SHIM_BATCH,
  type ShimHandle,
} from './native-shim.ts'
import { ReadList } from './read-list.ts'
import { ClosedList, SlotList } from './slot-list.ts'
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

const { ECONNRESET, EPIPE } = constants.errno
/** Passes over the ready list before timers and messages get their turn. */
const PASSES_MAX = 8
/** struct sockaddr_in6 is 28 bytes. */
const ADDRESS_BYTES_MAX = 32

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
    acceptsDeferred: 0,
  }

  readonly #handler: EngineHandler
  readonly #shim: NativeShim
  readonly #handle: ShimHandle
  readonly #table: ConnectionTable
  readonly #slab: ByteSlab
  readonly #sender: EpollSender
  readonly #endings: EndingLists
  readonly #reads: ReadList
  readonly #listeners: ListenerTable
  readonly #linger: LingerQueue

  readonly #readySlots = new Int32Array(SHIM_BATCH)
  readonly #readyFlags = new Uint8Array(SHIM_BATCH)
  readonly #connectErrors = new Int32Array(SHIM_BATCH)
  readonly #toAddress = new Uint8Array(ADDRESS_BYTES_MAX)
  readonly #fromAddress = new Uint8Array(ADDRESS_BYTES_MAX)
  readonly #oneSlot = new Int32Array(1)
  readonly #connected = new SlotList()
  readonly #redeliveries = new SlotList()
  /** Two of each: while the handler works through one, what it causes goes to the other. */
  #overflows = new SlotList()
  #overflowsSpare = new SlotList()
  #closed = new ClosedList()
  #closedSpare = new ClosedList()
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
    this.#linger = new LingerQueue(options.lingerMs, this.#table, (slot) => this.#reset(slot))
    const handle = load.shim.open(this.#table.fdOf, this.#table.sendStateOf, this.#turn)
    if (typeof handle === 'number') {
      throw new PushctlError('PUSHCTL_DESCRIPTORS', 'no descriptor is left for the epoll engine')
    }
    this.#handle = handle
    this.#listeners = new ListenerTable(load.shim, handle, this.#turn)
    this.#endings = new EndingLists(this.#table, load.shim, handle, (slot) => this.#free(slot))
    this.#sender = new EpollSender(
      this.#table,
      this.#slab,
      options.sendQueueBytesMax,
      load.shim,
      handle,
      this.counters,
      {
        onSendError: (slot, errno) => this.#endOfStream(slot, errno),
        onQueueFull: (slot) => this.#onQueueFull(slot),
        onNoBuffer: (slot) => this.#fail(slot, CLOSE_REASON.BUFFERS_FULL, 0),
        onDrained: (slot) => this.#onDrained(slot),
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

  connect(options: ConnectOptions, out: Int32Array, count: number): number {
    const addressBytes = this.#shim.encodeAddress(options.host, options.port, this.#toAddress)
    const from = options.source
    if (from) this.#shim.encodeAddress(from.host, from.port, this.#fromAddress)
    let started = 0
    while (started < count) {
      const batch = Math.min(count - started, SHIM_BATCH, this.#table.freeCount)
      if (batch === 0) break
      const slots = out.subarray(started, started + batch)
      for (let i = 0; i < batch; i++) slots[i] = this.#table.claimSlot(PHASE.CONNECTING)
      this.#shim.connect(
        this.#handle,
        this.#toAddress,
        this.#fromAddress,
        from ? 1 : 0,
        addressBytes,
        slots,
        batch,
        this.#connectErrors,
      )
      for (let i = 0; i < batch; i++) {
        if (this.#connectErrors[i] !== 0)
          this.#fail(slots[i], CLOSE_REASON.CONNECT_FAILED, this.#connectErrors[i])
      }
      started += batch
    }
    return started
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
    this.#sender.sendSame(slots, count, bytes, start, end)
  }

  redeliver(slots: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.#redeliveries.push(slots[i])
    this.#scheduleTurn()
  }

  close(slot: Slot): void {
    if (!this.#table.isUsable(slot)) return this.#table.silence(slot)
    this.#reads.dropKept(slot)
    if (this.#table.phaseOf[slot] === PHASE.CONNECTING) return this.#reset(slot)
    this.counters.closed++
    this.#table.phaseOf[slot] = PHASE.FLUSHING
    this.#endings.pushHalf(slot)
    this.#linger.push(slot)
    this.#scheduleTurn()
  }

  abort(slot: Slot): void {
    if (this.#table.isUsable(slot)) this.#reset(slot)
    else this.#table.silence(slot)
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

  async destroy(): Promise<void> {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#listeners.destroy()
    this.#linger.destroy()
    const one = this.#oneSlot
    for (let slot = 0; slot < this.capacity && this.#table.count > 0; slot++) {
      if (this.#table.phaseOf[slot] === PHASE.FREE) continue
      one[0] = slot
      this.#shim.close(this.#handle, one, 1, CLOSE_HOW.RESET)
      this.#free(slot)
    }
    this.#shim.end(this.#handle)
  }

  // ---- the turn -------------------------------------------------------------------------------------------------

  readonly #turn = (): void => {
    if (this.#destroyed || this.#inTurn) return
    this.#inTurn = true
    this.#turnScheduled = false
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      // Sockets left over from the last pass go first; new ones are taken only while their list has room.
      const count = this.#reads.isCrowded
        ? 0
        : this.#shim.wait(this.#handle, this.#readySlots, this.#readyFlags)
      this.#sortReady(count)
      this.#deliverConnected()
      if (this.#reads.count > 0) this.#receive()
      this.#settle()
      if (this.#destroyed || (count < SHIM_BATCH && this.#reads.count === 0)) break
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
        this.#accept(~slot)
        continue
      }
      const phase = phaseOf[slot]
      if (phase === PHASE.FREE || phase === PHASE.DEAD) continue
      if (phase === PHASE.CONNECTING) {
        const errno = this.#shim.socketError(this.#handle, slot)
        if (errno !== 0) {
          this.#fail(slot, CLOSE_REASON.CONNECT_FAILED, errno)
          continue
        }
        phaseOf[slot] = PHASE.OPEN
        this.counters.connected++
        this.#connected.push(slot)
      }
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

  #deliverConnected(): void {
    if (this.#connected.count === 0) return
    this.#handler.onConnect(this.#connected.slots, this.#connected.count)
    this.#connected.clear()
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
        this.#endOfStream(reads.endSlots[i], reads.endErrnos[i])
      }
      if (this.#destroyed) return
    }
  }

  #keepRemainders(): void {
    const { batch } = this.#reads
    for (let i = 0; i < batch.count; i++) {
      if (this.#table.phaseOf[batch.slots[i]] !== PHASE.OPEN) continue
      const reason = this.#reads.keep(i)
      if (reason !== 0) this.#fail(batch.slots[i], reason, 0)
    }
  }

  /** errno 0: the peer ended its side in order. */
  #endOfStream(slot: Slot, errno: number): void {
    const table = this.#table
    const phase = table.phaseOf[slot]
    if (errno !== 0) {
      if (phase === PHASE.OPEN) {
        const reset = errno === ECONNRESET || errno === EPIPE
        this.#fail(slot, reset ? CLOSE_REASON.PEER_RESET : CLOSE_REASON.SOCKET_ERROR, errno)
      } else if (phase !== PHASE.DEAD && phase !== PHASE.FREE) this.#finish(slot)
      return
    }
    if (phase === PHASE.OPEN) {
      this.#closed.push(slot, CLOSE_REASON.PEER_END, 0)
      this.counters.closed++
      this.#reads.dropKept(slot)
      table.phaseOf[slot] = PHASE.PEER_ENDED
      if (!this.#sender.hasQueued(slot)) this.#finish(slot)
      else this.#linger.push(slot)
    } else if (phase === PHASE.FLUSHING || phase === PHASE.LINGERING) {
      if (!this.#sender.hasQueued(slot)) this.#finish(slot)
      else table.phaseOf[slot] = PHASE.PEER_ENDED
    }
  }

  // ---- ends -----------------------------------------------------------------------------------------------------

  /** Tells the handler, and resets the connection. */
  #fail(slot: Slot, reason: number, errno: number): void {
    if (this.#table.phaseOf[slot] === PHASE.DEAD) return
    if (reason === CLOSE_REASON.CONNECT_FAILED) this.counters.connectFailed++
    if (this.#table.isUsable(slot)) this.#closed.push(slot, reason, errno)
    this.#reset(slot)
  }

  #reset(slot: Slot): void {
    const phase = this.#table.phaseOf[slot]
    if (phase === PHASE.FREE || phase === PHASE.DEAD) return
    if (phase === PHASE.OPEN) this.counters.closed++
    this.#table.phaseOf[slot] = PHASE.DEAD
    this.#table.sendStateOf[slot] = SEND_STATE.GIVEN_UP
    this.#endings.pushReset(slot)
    this.#scheduleTurn()
  }

  /** Nothing is left to do for this connection: closes the descriptor at the end of the turn. */
  #finish(slot: Slot): void {
    this.#table.phaseOf[slot] = PHASE.DEAD
    this.#table.sendStateOf[slot] = SEND_STATE.GIVEN_UP
    this.#endings.pushFinished(slot)
    this.#scheduleTurn()
  }

  #onQueueFull(slot: Slot): void {
    this.#overflows.push(slot)
    this.#scheduleTurn()
  }

  #onDrained(slot: Slot): void {
    const phase = this.#table.phaseOf[slot]
    if (phase === PHASE.FLUSHING) this.#endings.pushHalf(slot)
    else if (phase === PHASE.PEER_ENDED) this.#finish(slot)
  }

  #settle(): void {
    this.#redeliverAll()
    this.flush()
    while (this.#overflows.count > 0 || this.#closed.count > 0) {
      this.#reportOverflows()
      this.#reportClosed()
      this.flush()
    }
    if (this.#endings.carryOut() > 0) this.#listeners.resumeDeferred()
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

  #reportOverflows(): void {
    const list = this.#overflows
    if (list.count === 0) return
    this.#overflows = this.#overflowsSpare
    this.#overflowsSpare = list
    let count = 0
    for (let i = 0; i < list.count; i++) {
      const slot = list.slots[i]
      if (this.#table.phaseOf[slot] !== PHASE.OPEN) continue
      this.#table.sendStateOf[slot] = SEND_STATE.LAST_WORD
      list.slots[count++] = slot
    }
    if (count > 0) this.#handler.onOverflow(list.slots, count)
    list.clear()
  }

  #reportClosed(): void {
    const closed = this.#closed
    if (closed.count === 0) return
    this.#closed = this.#closedSpare
    this.#closedSpare = closed
    const count = closed.keepUnless((slot) => this.#table.isSilenced(slot))
    if (count > 0) this.#handler.onClose(closed.list.slots, closed.reasons, closed.errnos, count)
    closed.list.clear()
  }

  #free(slot: Slot): void {
    this.#sender.drop(slot)
    this.#reads.forget(slot)
    this.#table.freeSlot(slot)
  }
}
