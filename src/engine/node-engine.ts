/**
 * The socket engine on node:net and node:tls: for every system without the native shim, and for
 * TLS. Sockets report by callbacks; what they say is noted (node-connections.ts) and handed over in
 * one turn per loop iteration: setImmediate runs right after the poll phase. The order is that of
 * the interface. The cost against the epoll engine: a net.Socket per connection (3.4 kB), two
 * copies of every byte, a system call and a callback per socket.
 *
 *   'connect' 'data' 'end' 'error' ─► lists ─► turn: handler calls ─► slots given up become free
 */
import { NodeConnections } from './node-connections.ts'
import { NodeListeners } from './node-listeners.ts'
import { OVERFLOW, PHASE } from './node-rows.ts'
import { addressText } from './node-sockets.ts'
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

export class NodeEngine implements SocketEngine {
  static isAvailable(): boolean {
    return true
  }

  readonly kind = 'node'
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
  readonly #options: EngineOptions
  readonly #handler: EngineHandler
  readonly #connections: NodeConnections
  readonly #listeners: NodeListeners
  /** What one handler call is told. */
  readonly #told = new SlotList()
  readonly #toldClosed = new ClosedList()
  #isAcceptPaused = false
  #acceptQuota = Number.POSITIVE_INFINITY
  #immediate: NodeJS.Immediate | null = null
  readonly #runTurn = () => this.#turn()
  #destruction: Promise<void> | null = null
  #onAllReturned: (() => void) | null = null

  constructor(options: EngineOptions, handler: EngineHandler) {
    this.capacity = options.capacity
    this.#options = options
    this.#handler = handler
    this.#connections = new NodeConnections(options, this.counters, {
      onNoted: () => this.#schedule(),
      onReturned: () => this.#checkAllReturned(),
    })
    this.#listeners = new NodeListeners(this.counters, {
      onSocket: (socket) => this.#connections.adopt(socket),
      onWaiting: () => this.#schedule(),
      onServerClosed: () => this.#checkAllReturned(),
    })
  }

  get openCount(): number {
    return this.#connections.rows.usedCount
  }

  get bufferedBytes(): number {
    return this.#connections.sender.queuedBytes + this.#connections.inbox.keptBytes
  }

  get outbox(): Uint8Array {
    return this.#connections.sender.outbox.bytes
  }

  listen(options: ListenOptions): Promise<Listener> {
    return this.#listeners.listen(options)
  }

  closeListener(listenerId: number): void {
    this.#listeners.close(listenerId)
  }

  /** Connections that come meanwhile wait unread (node-listeners.ts). */
  pauseAccept(): void {
    this.#isAcceptPaused = true
  }

  resumeAccept(): void {
    this.#isAcceptPaused = false
    if (this.#listeners.hasWaiting) this.#schedule()
  }

  setAcceptQuota(count: number): void {
    this.#acceptQuota = count
    if (this.#mayAdmit && this.#listeners.hasWaiting) this.#schedule()
  }

  connect(options: ConnectOptions, out: Int32Array, count: number): number {
    let started = 0
    while (started < count && this.#connections.hasFreeRow && !this.#destruction) {
      out[started++] = this.#connections.start(options)
    }
    return started
  }

  reserve(bytes: number): number {
    return this.#connections.sender.reserve(bytes)
  }

  commit(slot: Slot, start: number, end: number): void {
    this.#connections.sender.commit(slot, start, end)
    // Committed outside a turn: the next one sends it, if flush() does not come first.
    this.#schedule()
  }

  flush(): void {
    this.#connections.sender.flush()
  }

  sendSame(slots: Int32Array, count: number, bytes: Uint8Array, start: number, end: number): void {
    this.#connections.sender.sendSame(slots, count, bytes, start, end)
  }

  redeliver(slots: Int32Array, count: number): void {
    const { rows, inbox } = this.#connections
    for (let index = 0; index < count; index++) {
      if (rows.isHandlers(slots[index])) inbox.presentAgain(slots[index])
    }
    this.#schedule()
  }

  close(slot: Slot): void {
    const { rows, sender } = this.#connections
    if (!rows.isHandlers(slot)) return
    sender.flushSlot(slot)
    const isIdleConnect = rows.phase[slot] === PHASE.CONNECTING && sender.queuedBytesOf(slot) === 0
    if (isIdleConnect) this.#connections.drop(slot)
    else this.#connections.finish(slot)
  }

  abort(slot: Slot): void {
    if (this.#connections.rows.isHandlers(slot)) this.#connections.drop(slot)
  }

  isOpen(slot: Slot): boolean {
    return this.#connections.rows.isHandlers(slot)
  }

  generationOf(slot: Slot): number {
    return this.#connections.rows.generation[slot]
  }

  queuedBytesOf(slot: Slot): number {
    return this.isOpen(slot) ? this.#connections.sender.queuedBytesOf(slot) : 0
  }

  peerOf(slot: Slot): string {
    const socket = this.isOpen(slot) ? this.#connections.rows.raw[slot] : null
    return addressText(socket?.remoteAddress, socket?.remotePort)
  }

  localOf(slot: Slot): string {
    const socket = this.isOpen(slot) ? this.#connections.rows.raw[slot] : null
    return addressText(socket?.localAddress, socket?.localPort)
  }

  destroy(): Promise<void> {
    this.#destruction ??= new Promise((resolve) => {
      this.#onAllReturned = resolve
      if (this.#immediate) clearImmediate(this.#immediate)
      this.#immediate = null
      this.#listeners.closeAll()
      this.#connections.destroyAll()
      // Later, so that destroy() may be called inside a callback of the very last socket.
      setImmediate(() => this.#checkAllReturned())
    })
    return this.#destruction
  }

  #checkAllReturned(): void {
    const isAllReturned = this.#connections.liveSockets === 0 && this.#listeners.openServers === 0
    if (isAllReturned) this.#onAllReturned?.()
  }

  #schedule(): void {
    if (this.#destruction) return
    this.#immediate ??= setImmediate(this.#runTurn)
  }

  /**
   * Hands over all that was noted, in the order of the interface. Any call may destroy the engine.
   */
  #turn(): void {
    this.#immediate = null
    this.#admitWaiting()
    this.#tellAccepted()
    this.#tellConnected()
    this.#tellReceived()
    this.#tellOverflowed()
    this.#tellClosed()
    if (this.#destruction) return
    this.flush()
    this.#connections.rows.releaseGivenUp()
    if (this.#mayAdmit && this.#listeners.hasWaiting) this.#schedule()
  }

  /** Gives rows to sockets of the waiting room, in order of arrival. */
  #admitWaiting(): void {
    while (this.#mayAdmit) {
      const waiting = this.#listeners.takeWaiting()
      if (!waiting) return
      this.#acceptQuota--
      this.#connections.admit(waiting)
    }
  }

  get #mayAdmit(): boolean {
    return !this.#isAcceptPaused && this.#acceptQuota > 0 && this.#connections.hasFreeRow
  }

  #tellAccepted(): void {
    const { accepted, listenerOf } = this.#connections
    let first = 0
    while (first < accepted.count && !this.#destruction) {
      const listenerId = listenerOf[accepted.slots[first]]
      this.#told.clear()
      while (first < accepted.count && listenerOf[accepted.slots[first]] === listenerId) {
        this.#told.push(accepted.slots[first++])
      }
      this.counters.accepted += this.#told.count
      this.#handler.onAccept(this.#told.slots, this.#told.count, listenerId)
      this.flush()
    }
    accepted.clear()
  }

  #tellConnected(): void {
    const { connected, rows } = this.#connections
    this.#told.clear()
    for (let index = 0; index < connected.count; index++) {
      const slot = connected.slots[index]
      // Else the handler gave it up between two turns.
      if (rows.isHandlers(slot)) this.#told.push(slot)
    }
    connected.clear()
    if (this.#told.count === 0 || this.#destruction) return
    this.counters.connected += this.#told.count
    this.#handler.onConnect(this.#told.slots, this.#told.count)
    this.flush()
  }

  #tellReceived(): void {
    const { inbox } = this.#connections
    inbox.startTurn()
    while (!this.#destruction && inbox.fillBatch()) {
      this.#handler.onReceive(inbox.batch)
      if (this.#destruction) return
      this.#keepUnconsumed()
      this.flush()
    }
  }

  #keepUnconsumed(): void {
    const { inbox, rows } = this.#connections
    const { count, slots, ends, keepFrom } = inbox.batch
    const { keptBytesMax, bufferedBytesMax } = this.#options
    for (let index = 0; index < count; index++) {
      const slot = slots[index]
      const kept = ends[index] - keepFrom[index]
      if (kept === 0 || !rows.isHandlers(slot)) continue
      if (kept > keptBytesMax) {
        this.#connections.cutOff(slot, CLOSE_REASON.RECEIVE_OVERFLOW)
      } else if (this.bufferedBytes + kept > bufferedBytesMax) {
        this.#connections.cutOff(slot, CLOSE_REASON.BUFFERS_FULL)
      } else {
        inbox.keep(slot, keepFrom[index], ends[index])
      }
    }
  }

  #tellOverflowed(): void {
    const { overflowed, rows } = this.#connections
    this.#told.clear()
    for (let index = 0; index < overflowed.count; index++) {
      const slot = overflowed.slots[index]
      const isDue = rows.isHandlers(slot) && rows.overflow[slot] === OVERFLOW.DUE
      // A connection that is over anyway is told as closed, in this turn.
      if (!isDue || rows.endReason[slot] !== 0) continue
      rows.overflow[slot] = OVERFLOW.REPORTED
      this.#told.push(slot)
    }
    overflowed.clear()
    if (this.#told.count === 0 || this.#destruction) return
    this.#handler.onOverflow(this.#told.slots, this.#told.count)
    this.flush()
  }

  #tellClosed(): void {
    if (this.#destruction) return
    // Answers to peers that ended must leave before our own end does.
    this.flush()
    const { ended, rows } = this.#connections
    const { list } = this.#toldClosed
    list.clear()
    for (let index = 0; index < ended.count; index++) {
      const slot = ended.slots[index]
      const reason = rows.endReason[slot]
      // Else the handler gave it up before it was told.
      if (reason === 0 || !rows.isHandlers(slot)) continue
      this.#toldClosed.push(slot, reason, rows.endErrno[slot])
      if (reason === CLOSE_REASON.CONNECT_FAILED) this.counters.connectFailed++
      if (reason === CLOSE_REASON.PEER_END) this.#connections.finish(slot)
      else this.#connections.drop(slot)
    }
    ended.clear()
    if (list.count === 0) return
    const { reasons, errnos } = this.#toldClosed
    this.#handler.onClose(list.slots, reasons, errnos, list.count)
  }
}
