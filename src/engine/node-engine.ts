/**
 * The socket engine on node:net and node:tls: for every system without the native shim, and for TLS.
 * Sockets report by callbacks; the engine only notes what they say and hands it over in one turn per loop iteration
 * (setImmediate runs right after the poll phase), in the order of the interface: accept, connect, receive, overflow,
 * close. The cost against the epoll engine: a net.Socket per connection (3.4 kB), two copies of every byte, one system
 * call and one callback per socket.
 *
 *   'connection' 'connect' 'data' 'end' 'error' ─► lists ─► turn: handler calls ─► slots given up become free
 */
import { constants } from 'node:os'
import { Deadlines } from './node-deadlines.ts'
import { errnoFromError, isResetErrno } from './node-errno.ts'
import { NodeInbox } from './node-inbox.ts'
import { NodeListeners } from './node-listeners.ts'
import { NodeRows, OVERFLOW, PHASE, type RowSocket, SLOT } from './node-rows.ts'
import { NodeSender } from './node-sender.ts'
import { NodeSocketEvents } from './node-socket-events.ts'
import {
  addressText,
  connectTcp,
  resetSocket,
  secureIncoming,
  secureOutgoing,
} from './node-sockets.ts'
import { ClosedList, SlotList } from './slot-list.ts'
import {
  CLOSE_REASON,
  type ConnectOptions,
  type EngineCounters,
  type EngineHandler,
  type EngineOptions,
  type Listener,
  type ListenOptions,
  NO_SLOT,
  type Slot,
  type SocketEngine,
} from './socket-engine.ts'

/** A peer that connects and does not finish its TLS handshake holds a row no longer than this. */
const TLS_HANDSHAKE_MS_MAX = 10_000

export class NodeEngine implements SocketEngine {
  readonly kind = 'node'
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
  readonly #options: EngineOptions
  readonly #handler: EngineHandler
  readonly #rows: NodeRows
  readonly #inbox: NodeInbox
  readonly #sender: NodeSender
  readonly #listeners: NodeListeners
  readonly #listenerOf: Int32Array
  /** What sockets said since the last turn. */
  readonly #accepted = new SlotList()
  readonly #connected = new SlotList()
  readonly #overflowed = new SlotList()
  readonly #ended = new SlotList()
  /** What one handler call is told. */
  readonly #told = new SlotList()
  readonly #toldClosed = new ClosedList()
  readonly #lingering: Deadlines
  readonly #handshaking: Deadlines
  #isAcceptPaused = false
  #immediate: NodeJS.Immediate | null = null
  /** Sockets whose descriptor is not returned yet, those in the waiting room included. */
  #liveSockets = 0
  #destruction: Promise<void> | null = null
  #onAllReturned: (() => void) | null = null
  readonly #runTurn = () => this.#turn()

  readonly #sockets: NodeSocketEvents

  constructor(options: EngineOptions, handler: EngineHandler) {
    this.capacity = options.capacity
    this.#options = options
    this.#handler = handler
    this.#rows = new NodeRows(options.capacity)
    this.#listenerOf = new Int32Array(options.capacity)
    this.#inbox = new NodeInbox(options.capacity, options.keptBytesMax)
    this.#sender = new NodeSender(this.#rows, this.counters, options, {
      onOverflowDue: (slot) => this.#noteOverflow(slot),
      onBuffersFull: (slot) => this.#end(slot, CLOSE_REASON.BUFFERS_FULL, 0),
      keptBytes: () => this.#inbox.keptBytes,
    })
    this.#listeners = new NodeListeners(this.counters, {
      onSocket: (socket) => this.#adopt(socket),
      onWaiting: () => this.#schedule(),
      onServerClosed: () => this.#checkAllReturned(),
    })
    this.#lingering = new Deadlines(options.lingerMs, (slot, generation) => {
      if (this.#isStill(slot, generation, PHASE.CLOSING)) this.#rows.stream[slot]?.destroy()
    })
    this.#handshaking = new Deadlines(TLS_HANDSHAKE_MS_MAX, (slot, generation) => {
      if (this.#isStill(slot, generation, PHASE.HANDSHAKE)) this.#reset(slot)
    })
    this.#sockets = new NodeSocketEvents({
      noteData: (stream, chunk) => this.#noteData(stream, chunk),
      noteEnd: (stream) => this.#noteEnd(stream),
      noteDrain: (stream) => this.#noteDrain(stream),
      noteError: (socket, error) => this.#noteError(socket, error),
      noteStreamClose: (stream) => this.#noteStreamClose(stream),
      noteDescriptorClose: () => this.#noteDescriptorClose(),
      noteConnect: (stream) => this.#noteConnect(stream),
      noteSecure: (stream) => this.#noteSecure(stream),
    })
  }

  static isAvailable(): boolean {
    return true
  }

  get openCount(): number {
    return this.#rows.usedCount
  }

  get bufferedBytes(): number {
    return this.#sender.queuedBytes + this.#inbox.keptBytes
  }

  get outbox(): Uint8Array {
    return this.#sender.outbox.bytes
  }

  listen(options: ListenOptions): Promise<Listener> {
    return this.#listeners.listen(options)
  }

  closeListener(listenerId: number): void {
    this.#listeners.close(listenerId)
  }

  pauseAccept(): void {
    this.#isAcceptPaused = true
  }

  resumeAccept(): void {
    this.#isAcceptPaused = false
    if (this.#listeners.hasWaiting) this.#schedule()
  }

  connect(options: ConnectOptions, out: Int32Array, count: number): number {
    let started = 0
    while (started < count && this.#rows.usedCount < this.capacity && !this.#destruction) {
      out[started++] = this.#startConnect(options)
    }
    return started
  }

  reserve(bytes: number): number {
    return this.#sender.reserve(bytes)
  }

  commit(slot: Slot, start: number, end: number): void {
    this.#sender.commit(slot, start, end)
    // Committed outside a turn: the next one sends it, if flush() does not come first.
    this.#schedule()
  }

  flush(): void {
    this.#sender.flush()
  }

  sendSame(slots: Int32Array, count: number, bytes: Uint8Array, start: number, end: number): void {
    this.#sender.sendSame(slots, count, bytes, start, end)
  }

  redeliver(slots: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) {
      if (this.#rows.isHandlers(slots[index])) this.#inbox.presentAgain(slots[index])
    }
    this.#schedule()
  }

  close(slot: Slot): void {
    if (!this.#rows.isHandlers(slot)) return
    const isIdleConnect =
      this.#rows.phase[slot] === PHASE.CONNECTING && this.#sender.queuedBytesOf(slot) === 0
    if (isIdleConnect) return this.abort(slot)
    this.#sender.flushSlot(slot)
    this.#countClosed(slot)
    this.#finish(slot)
  }

  abort(slot: Slot): void {
    if (!this.#rows.isHandlers(slot)) return
    this.#countClosed(slot)
    this.#leave(slot)
    this.#reset(slot)
  }

  isOpen(slot: Slot): boolean {
    return this.#rows.isHandlers(slot)
  }

  generationOf(slot: Slot): number {
    return this.#rows.generation[slot]
  }

  queuedBytesOf(slot: Slot): number {
    return this.#rows.isHandlers(slot) ? this.#sender.queuedBytesOf(slot) : 0
  }

  peerOf(slot: Slot): string {
    const socket = this.#rows.isHandlers(slot) ? this.#rows.raw[slot] : null
    return addressText(socket?.remoteAddress, socket?.remotePort)
  }

  localOf(slot: Slot): string {
    const socket = this.#rows.isHandlers(slot) ? this.#rows.raw[slot] : null
    return addressText(socket?.localAddress, socket?.localPort)
  }

  destroy(): Promise<void> {
    this.#destruction ??= new Promise((resolve) => {
      this.#onAllReturned = resolve
      this.#lingering.clear()
      this.#handshaking.clear()
      if (this.#immediate) clearImmediate(this.#immediate)
      this.#immediate = null
      this.#listeners.closeAll()
      for (let slot = 0; slot < this.capacity; slot++) {
        if (this.#rows.phase[slot] !== PHASE.FREE) this.#reset(slot)
      }
      this.#checkAllReturned()
    })
    return this.#destruction
  }

  #checkAllReturned(): void {
    if (this.#liveSockets === 0 && this.#listeners.openServers === 0) this.#onAllReturned?.()
  }

  #schedule(): void {
    if (this.#destruction) return
    this.#immediate ??= setImmediate(this.#runTurn)
  }

  /** Takes charge of a TCP socket, accepted or connecting. */
  #adopt(socket: RowSocket): void {
    this.#liveSockets++
    this.#sockets.adopt(socket)
  }

  #noteDescriptorClose(): void {
    this.#liveSockets--
    this.#checkAllReturned()
  }

  #noteDrain(stream: RowSocket): void {
    const slot = this.#slotOf(stream)
    if (slot !== NO_SLOT) this.#sender.account(slot, stream, 0)
  }

  /** The row of a live stream, or of the TCP socket below it. */
  #slotOf(socket: RowSocket): Slot {
    const slot = socket[SLOT]
    if (slot === NO_SLOT) return NO_SLOT
    return this.#rows.stream[slot] === socket || this.#rows.raw[slot] === socket ? slot : NO_SLOT
  }

  #noteData(stream: RowSocket, chunk: Buffer): void {
    const slot = this.#slotOf(stream)
    if (slot === NO_SLOT || !this.#rows.isHandlers(slot) || this.#rows.endReason[slot] !== 0) return
    this.counters.bytesReceived += chunk.length
    this.#inbox.add(slot, chunk)
    this.#schedule()
  }

  #noteEnd(stream: RowSocket): void {
    const slot = this.#slotOf(stream)
    if (slot === NO_SLOT) return
    if (this.#rows.phase[slot] === PHASE.HANDSHAKE) this.#reset(slot)
    else this.#end(slot, CLOSE_REASON.PEER_END, 0)
  }

  #noteError(socket: RowSocket, error: Error): void {
    const slot = this.#slotOf(socket)
    if (slot === NO_SLOT) return
    const errno = errnoFromError(error)
    if (this.#rows.phase[slot] === PHASE.CONNECTING) {
      this.#end(slot, CLOSE_REASON.CONNECT_FAILED, errno)
    } else {
      const reason = isResetErrno(errno) ? CLOSE_REASON.PEER_RESET : CLOSE_REASON.SOCKET_ERROR
      this.#end(slot, reason, errno)
    }
  }

  #noteConnect(stream: RowSocket): void {
    const slot = this.#slotOf(stream)
    if (slot === NO_SLOT || this.#rows.phase[slot] !== PHASE.CONNECTING) return
    this.#rows.phase[slot] = PHASE.OPEN
    this.#connected.push(slot)
    this.#schedule()
  }

  /** The TLS handshake of an accepted connection is done: now it is worth the handler's while. */
  #noteSecure(stream: RowSocket): void {
    const slot = this.#slotOf(stream)
    if (slot === NO_SLOT || this.#rows.phase[slot] !== PHASE.HANDSHAKE) return
    this.#rows.phase[slot] = PHASE.OPEN
    this.#accepted.push(slot)
    this.#schedule()
  }

  #noteStreamClose(stream: RowSocket): void {
    const slot = this.#slotOf(stream)
    if (slot === NO_SLOT) return
    this.#sender.closeAccount(slot, stream)
    if (this.#rows.isHandlers(slot)) {
      // 'error' or 'end' came first as a rule, and is still to be told.
      this.#noteGone(slot)
      this.#rows.stream[slot] = null
    } else {
      this.#rows.giveUp(slot)
    }
    this.#schedule()
  }

  #noteOverflow(slot: Slot): void {
    this.#overflowed.push(slot)
    this.#schedule()
  }

  /** Notes why a connection is over; the first reason counts. */
  #end(slot: Slot, reason: number, errno: number): void {
    const rows = this.#rows
    if (!rows.isHandlers(slot) || rows.endReason[slot] !== 0) return
    rows.endReason[slot] = reason
    rows.endErrno[slot] = errno
    this.#ended.push(slot)
    this.#schedule()
  }

  #noteGone(slot: Slot): void {
    const isConnecting = this.#rows.phase[slot] === PHASE.CONNECTING
    const reason = isConnecting ? CLOSE_REASON.CONNECT_FAILED : CLOSE_REASON.PEER_RESET
    this.#end(slot, reason, constants.errno.ECONNRESET)
  }

  /** True where the row still belongs to the connection that was meant, and is in that phase. */
  #isStill(slot: Slot, generation: number, phase: number): boolean {
    return this.#rows.generation[slot] === generation && this.#rows.phase[slot] === phase
  }

  /** Hands over all that was noted, in the order of the interface. */
  #turn(): void {
    this.#immediate = null
    this.#admitWaiting()
    this.#tellAccepted()
    this.#tellConnected()
    this.#tellReceived()
    this.#tellOverflowed()
    this.#tellClosed()
    if (this.#destruction) return
    this.#sender.flush()
    this.#rows.releaseGivenUp()
    const canAdmit = !this.#isAcceptPaused && this.#rows.usedCount < this.capacity
    if (canAdmit && this.#listeners.hasWaiting) this.#schedule()
  }

  /** Gives rows to sockets of the waiting room, in order of arrival. */
  #admitWaiting(): void {
    if (this.#isAcceptPaused) return
    while (this.#rows.usedCount < this.capacity) {
      const waiting = this.#listeners.takeWaiting()
      if (!waiting) return
      const { socket, listener } = waiting
      const { secureContext } = listener
      const stream = secureContext ? secureIncoming(socket, secureContext) : socket
      const phase = secureContext ? PHASE.HANDSHAKE : PHASE.OPEN
      const slot = this.#rows.claim(phase, socket, stream)
      this.#listenerOf[slot] = listener.id
      this.#sockets.watch(stream, secureContext !== null)
      if (secureContext) {
        this.#sockets.watchHandshake(stream)
        this.#handshaking.add(slot, this.#rows.generation[slot])
      } else {
        this.#accepted.push(slot)
        socket.resume()
      }
    }
  }

  #startConnect(options: ConnectOptions): Slot {
    const raw = connectTcp(options)
    this.#adopt(raw)
    const stream = options.tls ? secureOutgoing(raw, options.host, options.tls) : raw
    this.#sockets.watch(stream, stream !== raw)
    this.#sockets.watchConnect(stream, stream !== raw)
    return this.#rows.claim(PHASE.CONNECTING, raw, stream)
  }

  #tellAccepted(): void {
    const { slots, count } = this.#accepted
    let first = 0
    while (first < count) {
      const listenerId = this.#listenerOf[slots[first]]
      this.#told.clear()
      let next = first
      while (next < count && this.#listenerOf[slots[next]] === listenerId) {
        this.#told.push(slots[next++])
      }
      first = next
      this.counters.accepted += this.#told.count
      this.#handler.onAccept(this.#told.slots, this.#told.count, listenerId)
      if (this.#destruction) return
      this.#sender.flush()
    }
    this.#accepted.clear()
  }

  #tellConnected(): void {
    this.#told.clear()
    for (let index = 0; index < this.#connected.count; index++) {
      const slot = this.#connected.slots[index]
      // Given up by the handler between two turns.
      if (this.#rows.isHandlers(slot)) this.#told.push(slot)
    }
    this.#connected.clear()
    if (this.#told.count === 0 || this.#destruction) return
    this.counters.connected += this.#told.count
    this.#handler.onConnect(this.#told.slots, this.#told.count)
    if (!this.#destruction) this.#sender.flush()
  }

  #tellReceived(): void {
    const { batch } = this.#inbox
    this.#inbox.startTurn()
    while (!this.#destruction && this.#inbox.fillBatch()) {
      this.#handler.onReceive(batch)
      if (this.#destruction) return
      this.#keepUnconsumed()
      this.#sender.flush()
    }
  }

  #keepUnconsumed(): void {
    const { count, slots, ends, keepFrom } = this.#inbox.batch
    for (let index = 0; index < count; index++) {
      const slot = slots[index]
      const kept = ends[index] - keepFrom[index]
      if (kept === 0 || !this.#rows.isHandlers(slot)) continue
      if (kept > this.#options.keptBytesMax) this.#cutOff(slot, CLOSE_REASON.RECEIVE_OVERFLOW)
      else if (this.bufferedBytes + kept > this.#options.bufferedBytesMax)
        this.#cutOff(slot, CLOSE_REASON.BUFFERS_FULL)
      else this.#inbox.keep(slot, keepFrom[index], ends[index])
    }
  }

  /** The engine itself ends a connection: what it still received is not presented. */
  #cutOff(slot: Slot, reason: number): void {
    this.#inbox.drop(slot)
    // Overrules an end that the peer made meanwhile: this is what went wrong first.
    if (this.#rows.endReason[slot] === 0) this.#end(slot, reason, 0)
    else this.#rows.endReason[slot] = reason
  }

  #tellOverflowed(): void {
    this.#told.clear()
    for (let index = 0; index < this.#overflowed.count; index++) {
      const slot = this.#overflowed.slots[index]
      if (!this.#rows.isHandlers(slot) || this.#rows.endReason[slot] !== 0) continue
      if (this.#rows.overflow[slot] !== OVERFLOW.DUE) continue
      this.#rows.overflow[slot] = OVERFLOW.REPORTED
      this.#told.push(slot)
    }
    this.#overflowed.clear()
    if (this.#told.count === 0 || this.#destruction) return
    this.#handler.onOverflow(this.#told.slots, this.#told.count)
    if (!this.#destruction) this.#sender.flush()
  }

  #tellClosed(): void {
    if (this.#destruction) return
    // Answers to peers that ended must leave before our own end does.
    this.#sender.flush()
    const closed = this.#toldClosed
    closed.list.clear()
    for (let index = 0; index < this.#ended.count; index++) {
      const slot = this.#ended.slots[index]
      const reason = this.#rows.endReason[slot]
      if (reason === 0 || !this.#rows.isHandlers(slot)) continue
      closed.push(slot, reason, this.#rows.endErrno[slot])
      if (reason === CLOSE_REASON.CONNECT_FAILED) this.counters.connectFailed++
      else this.#countClosed(slot)
      if (reason === CLOSE_REASON.PEER_END) {
        this.#finish(slot)
      } else {
        this.#leave(slot)
        this.#reset(slot)
      }
    }
    this.#ended.clear()
    if (closed.count === 0) return
    this.#handler.onClose(closed.list.slots, closed.reasons, closed.errnos, closed.count)
  }

  #countClosed(slot: Slot): void {
    if (this.#rows.phase[slot] === PHASE.OPEN) this.counters.closed++
  }

  /** Takes the slot from the handler. False where its socket is gone already. */
  #leave(slot: Slot): boolean {
    this.#sender.dropCommitted(slot)
    this.#inbox.drop(slot)
    this.#rows.phase[slot] = PHASE.CLOSING
    if (this.#rows.stream[slot] !== null) return true
    this.#rows.giveUp(slot)
    this.#schedule()
    return false
  }

  /** Sends what is queued, then our end, and waits for the peer's. */
  #finish(slot: Slot): void {
    if (!this.#leave(slot)) return
    this.#rows.stream[slot]?.end()
    this.#lingering.add(slot, this.#rows.generation[slot])
  }

  #reset(slot: Slot): void {
    const raw = this.#rows.raw[slot]
    const stream = this.#rows.stream[slot]
    if (raw !== null && stream !== null) resetSocket(raw, stream)
  }
}
