/**
 * The life of each connection of the node engine: what its sockets say is noted here in lists,
 * which the next turn of the engine tells the handler. Nothing in this file calls the handler, so
 * the order of events is the turn's alone.
 *
 *   connect() ─► CONNECTING ─► OPEN ─► CLOSING ─► GIVEN_UP ─► (end of turn) FREE
 *   accept ─► (TLS: HANDSHAKE) ─┘
 */
import { constants } from 'node:os'
import { Deadlines } from './node-deadlines.ts'
import { errnoFromError, isResetErrno } from './node-errno.ts'
import { NodeInbox } from './node-inbox.ts'
import type { WaitingSocket } from './node-listeners.ts'
import { NodeRows, PHASE, type RowSocket, SLOT } from './node-rows.ts'
import { NodeSender } from './node-sender.ts'
import { NodeSocketEvents } from './node-socket-events.ts'
import { connectTcp, resetSocket, secureIncoming, secureOutgoing } from './node-sockets.ts'
import { SlotList } from './slot-list.ts'
import {
  CLOSE_REASON,
  type ConnectOptions,
  type EngineCounters,
  type EngineOptions,
  NO_SLOT,
  type Slot,
} from './socket-engine.ts'

/** A peer that connects and does not finish its TLS handshake holds a row no longer than this. */
const TLS_HANDSHAKE_MS_MAX = 10_000

export interface ConnectionEvents {
  /** Something is in the lists: a turn is due. */
  onNoted(): void
  /** The descriptor of one connection is returned. */
  onReturned(): void
}

export class NodeConnections {
  readonly rows: NodeRows
  readonly inbox: NodeInbox
  readonly sender: NodeSender
  /** Still to be told to the handler. */
  readonly accepted = new SlotList()
  readonly connected = new SlotList()
  readonly overflowed = new SlotList()
  readonly ended = new SlotList()
  /** Listener of each accepted connection. */
  readonly listenerOf: Int32Array
  /** Sockets whose descriptor is not returned yet, those without a row included. */
  liveSockets = 0
  readonly #counters: EngineCounters
  readonly #events: ConnectionEvents
  readonly #sockets: NodeSocketEvents
  readonly #lingering: Deadlines
  readonly #handshaking: Deadlines
  #isDestroyed = false

  constructor(options: EngineOptions, counters: EngineCounters, events: ConnectionEvents) {
    this.#counters = counters
    this.#events = events
    this.rows = new NodeRows(options.capacity)
    this.inbox = new NodeInbox(options.capacity, options.keptBytesMax)
    this.listenerOf = new Int32Array(options.capacity)
    this.sender = new NodeSender(this.rows, counters, options, {
      onOverflowDue: (slot) => this.#noteOverflow(slot),
      onBuffersFull: (slot) => this.end(slot, CLOSE_REASON.BUFFERS_FULL, 0),
      keptBytes: () => this.inbox.keptBytes,
    })
    this.#lingering = new Deadlines(options.lingerMs, (slot, generation) => {
      if (this.#isStill(slot, generation, PHASE.CLOSING)) this.rows.stream[slot]?.destroy()
    })
    this.#handshaking = new Deadlines(TLS_HANDSHAKE_MS_MAX, (slot, generation) => {
      if (this.#isStill(slot, generation, PHASE.HANDSHAKE)) this.reset(slot)
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

  get hasFreeRow(): boolean {
    return this.rows.usedCount < this.rows.capacity
  }

  /** Takes charge of a TCP socket, accepted or connecting. */
  adopt(socket: RowSocket): void {
    this.liveSockets++
    this.#sockets.adopt(socket)
  }

  /** Gives a row to a socket of the waiting room. The caller has asked hasFreeRow. */
  admit({ socket, listener }: WaitingSocket): void {
    const { secureContext } = listener
    const stream = secureContext ? secureIncoming(socket, secureContext) : socket
    const slot = this.rows.claim(secureContext ? PHASE.HANDSHAKE : PHASE.OPEN, socket, stream)
    this.listenerOf[slot] = listener.id
    this.#sockets.watch(stream, secureContext !== null)
    if (secureContext) {
      this.#sockets.watchHandshake(stream)
      this.#handshaking.add(slot, this.rows.generation[slot])
    } else {
      this.accepted.push(slot)
      socket.resume()
    }
  }

  /** Starts an outgoing connection. The caller has asked hasFreeRow. */
  start(options: ConnectOptions): Slot {
    const raw = connectTcp(options)
    this.adopt(raw)
    const stream = options.tls ? secureOutgoing(raw, options.host, options.tls) : raw
    this.#sockets.watch(stream, stream !== raw)
    this.#sockets.watchConnect(stream, stream !== raw)
    return this.rows.claim(PHASE.CONNECTING, raw, stream)
  }

  /** Notes why a connection is over; the first reason counts. */
  end(slot: Slot, reason: number, errno: number): void {
    const { rows } = this
    if (!rows.isHandlers(slot) || rows.endReason[slot] !== 0) return
    rows.endReason[slot] = reason
    rows.endErrno[slot] = errno
    this.ended.push(slot)
    this.#events.onNoted()
  }

  /**
   * The engine itself ends a connection, whatever the peer did meanwhile; nothing more of it is
   * presented.
   */
  cutOff(slot: Slot, reason: number): void {
    this.inbox.drop(slot)
    this.end(slot, reason, 0)
    this.rows.endReason[slot] = reason
    this.rows.endErrno[slot] = 0
  }

  /**
   * Takes the slot from the handler: sends what is queued, then our end, and waits for the peer's.
   */
  finish(slot: Slot): void {
    if (!this.#leave(slot)) return
    this.rows.stream[slot]?.end()
    this.#lingering.add(slot, this.rows.generation[slot])
  }

  /** Takes the slot from the handler and resets the connection. */
  drop(slot: Slot): void {
    if (this.#leave(slot)) this.reset(slot)
  }

  reset(slot: Slot): void {
    const raw = this.rows.raw[slot]
    const stream = this.rows.stream[slot]
    if (raw !== null && stream !== null) resetSocket(raw, stream)
  }

  destroyAll(): void {
    this.#isDestroyed = true
    this.#lingering.clear()
    this.#handshaking.clear()
    for (let slot = 0; slot < this.rows.capacity; slot++) {
      const phase = this.rows.phase[slot]
      if (phase !== PHASE.FREE && phase !== PHASE.GIVEN_UP) this.drop(slot)
    }
    this.rows.releaseGivenUp()
  }

  /** False where its socket is gone already. */
  #leave(slot: Slot): boolean {
    if (this.rows.phase[slot] === PHASE.OPEN) this.#counters.closed++
    this.sender.dropCommitted(slot)
    this.inbox.drop(slot)
    this.rows.phase[slot] = PHASE.CLOSING
    if (this.rows.stream[slot] !== null) return true
    this.rows.giveUp(slot)
    this.#events.onNoted()
    return false
  }

  /** True where the row still belongs to the connection that was meant, and is in that phase. */
  #isStill(slot: Slot, generation: number, phase: number): boolean {
    return this.rows.generation[slot] === generation && this.rows.phase[slot] === phase
  }

  /** The row of a live stream, or of the TCP socket below it. */
  #slotOf(socket: RowSocket): Slot {
    const slot = socket[SLOT]
    if (slot === NO_SLOT) return NO_SLOT
    return this.rows.stream[slot] === socket || this.rows.raw[slot] === socket ? slot : NO_SLOT
  }

  #noteDescriptorClose(): void {
    this.liveSockets--
    this.#events.onReturned()
  }

  #noteDrain(stream: RowSocket): void {
    const slot = this.#slotOf(stream)
    if (slot !== NO_SLOT) this.sender.account(slot, stream, 0)
  }

  #noteOverflow(slot: Slot): void {
    this.overflowed.push(slot)
    this.#events.onNoted()
  }

  #noteData(stream: RowSocket, chunk: Buffer): void {
    const slot = this.#slotOf(stream)
    if (slot === NO_SLOT || !this.rows.isHandlers(slot) || this.rows.endReason[slot] !== 0) return
    this.#counters.bytesReceived += chunk.length
    this.inbox.add(slot, chunk)
    this.#events.onNoted()
  }

  /**
   * libuv reports an end also for a reset that it sees together with bytes (POLLHUP after a partial
   * read), so such a peer is told as PEER_END; the reset shows when our own end is sent.
   */
  #noteEnd(stream: RowSocket): void {
    const slot = this.#slotOf(stream)
    if (slot === NO_SLOT) return
    if (this.rows.phase[slot] === PHASE.HANDSHAKE) this.reset(slot)
    else this.end(slot, CLOSE_REASON.PEER_END, 0)
  }

  #noteError(socket: RowSocket, error: Error): void {
    const slot = this.#slotOf(socket)
    if (slot === NO_SLOT) return
    const errno = errnoFromError(error)
    if (this.rows.phase[slot] === PHASE.CONNECTING) {
      this.end(slot, CLOSE_REASON.CONNECT_FAILED, errno)
    } else {
      const reason = isResetErrno(errno) ? CLOSE_REASON.PEER_RESET : CLOSE_REASON.SOCKET_ERROR
      this.end(slot, reason, errno)
    }
  }

  #noteConnect(stream: RowSocket): void {
    const slot = this.#slotOf(stream)
    if (slot === NO_SLOT || this.rows.phase[slot] !== PHASE.CONNECTING) return
    this.rows.phase[slot] = PHASE.OPEN
    this.connected.push(slot)
    this.#events.onNoted()
  }

  /** The TLS handshake of an accepted connection is done: now it is worth the handler's while. */
  #noteSecure(stream: RowSocket): void {
    const slot = this.#slotOf(stream)
    if (slot === NO_SLOT || this.rows.phase[slot] !== PHASE.HANDSHAKE) return
    this.rows.phase[slot] = PHASE.OPEN
    this.accepted.push(slot)
    this.#events.onNoted()
  }

  #noteStreamClose(stream: RowSocket): void {
    const slot = this.#slotOf(stream)
    if (slot === NO_SLOT) return
    const { rows } = this
    this.sender.closeAccount(slot, stream)
    if (rows.isHandlers(slot)) {
      // As a rule 'error' or 'end' came first and is still to be told; this is for the rest.
      const isConnecting = rows.phase[slot] === PHASE.CONNECTING
      const reason = isConnecting ? CLOSE_REASON.CONNECT_FAILED : CLOSE_REASON.PEER_RESET
      this.end(slot, reason, constants.errno.ECONNRESET)
      rows.stream[slot] = null
    } else {
      rows.giveUp(slot)
      if (this.#isDestroyed) rows.releaseGivenUp()
    }
    this.#events.onNoted()
  }
}
