/**
 * The engine of devices over HTTP: what a socket is to the other engines, a response or a waiting
 * poll is here. A shard runs on it unchanged, so sessions, inbox, tags, limits and drain are the
 * same as for any device. Costs objects per connection, as HTTP in Node does anyway; capacity
 * bounds them.
 *
 *   HTTP request ─ frame ─► receive() ─► Shard ─► commit() ─ frame ─► HttpConnection ─► response
 */
import {
  CLOSE_REASON,
  type EngineHandler,
  type EngineOptions,
  type Listener,
  type ListenOptions,
  NO_SLOT,
  OUTBOX_RESERVE_MAX,
  type ReceiveBatch,
  type Slot,
  type SocketEngine,
} from '../../engine/socket-engine.ts'
import { FrameReader } from '../../protocol/frame-reader.ts'
import {
  LENGTH_BYTES_MAX,
  TCP_EVENT,
  TcpFraming,
  writeLengthBefore,
} from '../../protocol/tcp-framing.ts'
import { CARRIER_NAMES, type SessionTable } from '../session-table.ts'

export const HTTP_CARRIERS = ['sse', 'poll'] as const
export type HttpCarrier = (typeof HTTP_CARRIERS)[number]

/** One device's end: takes frames of the node. None of its methods may call the engine back. */
export interface HttpConnection {
  readonly carrier: HttpCarrier
  readonly address: string
  /** What was taken and not read by the client yet. */
  readonly queuedBytes: number
  /** The reader's fields are offsets into `bytes`, good during the call. */
  onFrame(frame: FrameReader, bytes: Uint8Array, frameBytes: number): void
  /** The node has said its last frame. */
  onEnd(): void
}

/** How the device of a slot is connected, whatever its engine. */
export function carrierNameOf(
  engine: SocketEngine,
  sessions: SessionTable,
  slot: Slot,
): (typeof CARRIER_NAMES)[number] | HttpCarrier {
  if (engine instanceof HttpEngine) return engine.carrierNameOf(slot)
  return CARRIER_NAMES[sessions.carrierOf[slot]]
}

const OUTBOX_BYTES = OUTBOX_RESERVE_MAX * 2
/** A frame of the node may be larger than one of a device by its head. */
const FRAME_BYTES_MAX = OUTBOX_RESERVE_MAX

export class HttpEngine implements SocketEngine {
  readonly kind = 'node'
  readonly capacity: number
  readonly counters = {
    accepted: 0,
    connected: 0,
    connectFailed: 0,
    closed: 0,
    bytesReceived: 0,
    bytesSent: 0,
    bytesCommitted: 0,
    acceptsDeferred: 0,
  }
  readonly outbox = new Uint8Array(OUTBOX_BYTES)
  readonly #handler: EngineHandler
  readonly #sendQueueBytesMax: number
  readonly #connections: (HttpConnection | undefined)[] = []
  readonly #generations: number[] = []
  readonly #free: Slot[] = []
  /** Bytes that wait for the main thread's decision, by slot. */
  readonly #kept = new Map<Slot, Uint8Array>()
  readonly #overflowed = new Set<Slot>()
  readonly #framing = new TcpFraming(FRAME_BYTES_MAX)
  readonly #reader = new FrameReader({ from: 'node' })
  #reserved = 0
  #openCount = 0
  #listeners = 0

  constructor(options: EngineOptions, handler: EngineHandler) {
    this.capacity = options.capacity
    this.#sendQueueBytesMax = options.sendQueueBytesMax
    this.#handler = handler
  }

  get openCount(): number {
    return this.#openCount
  }

  get bufferedBytes(): number {
    return this.#connections.reduce((sum, each) => sum + (each?.queuedBytes ?? 0), 0)
  }

  /** A device has come; NO_SLOT where there are enough. */
  open(connection: HttpConnection): Slot {
    if (this.#openCount >= this.capacity) return NO_SLOT
    const slot = this.#free.pop() ?? this.#connections.length
    this.#connections[slot] = connection
    this.#generations[slot] ??= 0
    this.#openCount++
    this.counters.accepted++
    this.#handler.onAccept(Int32Array.of(slot), 1, 0)
    return slot
  }

  /** One frame of the device. */
  receive(slot: Slot, frame: Uint8Array): void {
    if (!this.isOpen(slot)) return
    const bytes = new Uint8Array(LENGTH_BYTES_MAX + frame.length)
    bytes.set(frame, LENGTH_BYTES_MAX)
    const start = writeLengthBefore(bytes, LENGTH_BYTES_MAX, bytes.length)
    this.counters.bytesReceived += bytes.length - start
    const kept = this.#kept.get(slot)
    const all = kept ? Buffer.concat([kept, bytes.subarray(start)]) : bytes.subarray(start)
    this.#deliver(slot, all)
  }

  /** The client is gone. */
  leave(slot: Slot): void {
    if (!this.isOpen(slot)) return
    this.#release(slot)
    this.#handler.onClose(
      Int32Array.of(slot),
      Uint8Array.of(CLOSE_REASON.PEER_END),
      new Int32Array(1),
      1,
    )
  }

  carrierNameOf(slot: Slot): HttpCarrier {
    return this.#connections[slot]?.carrier ?? 'sse'
  }

  /** Connections open now, by carrier. */
  carriers(): Record<HttpCarrier, number> {
    const counts = { sse: 0, poll: 0 }
    for (const connection of this.#connections) if (connection) counts[connection.carrier]++
    return counts
  }

  listen({ host, port }: ListenOptions): Promise<Listener> {
    return Promise.resolve({ id: this.#listeners++, host, port })
  }

  closeListener(): void {}
  pauseAccept(): void {}
  resumeAccept(): void {}
  setAcceptQuota(): void {}

  connect(): number {
    throw new Error('devices over HTTP come by themselves')
  }

  reserve(bytes: number): number {
    if (this.#reserved + bytes > this.outbox.length) this.#reserved = 0
    const at = this.#reserved
    this.#reserved += bytes
    return at
  }

  commit(slot: Slot, start: number, end: number): void {
    this.#send(slot, this.outbox, start, end)
  }

  sendSame(slots: Int32Array, count: number, bytes: Uint8Array, start: number, end: number): void {
    for (let i = 0; i < count; i++) this.#send(slots[i], bytes, start, end)
  }

  /** Frames were handed over at once; what is left is to say who reads too slowly. */
  flush(): void {
    this.#reserved = 0
    if (this.#overflowed.size === 0) return
    const slots = Int32Array.from(this.#overflowed)
    this.#overflowed.clear()
    this.#handler.onOverflow(slots, slots.length)
  }

  redeliver(slots: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const kept = this.#kept.get(slots[i])
      if (kept) this.#deliver(slots[i], kept)
    }
  }

  close(slot: Slot): void {
    const connection = this.#connections[slot]
    if (!connection) return
    this.#release(slot)
    connection.onEnd()
  }

  abort(slot: Slot): void {
    this.close(slot)
  }

  isOpen(slot: Slot): boolean {
    return this.#connections[slot] !== undefined
  }

  generationOf(slot: Slot): number {
    return this.#generations[slot] ?? 0
  }

  queuedBytesOf(slot: Slot): number {
    return this.#connections[slot]?.queuedBytes ?? 0
  }

  peerOf(slot: Slot): string {
    return this.#connections[slot]?.address ?? ''
  }

  localOf(): string {
    return ''
  }

  destroy(): Promise<void> {
    for (let slot = 0; slot < this.#connections.length; slot++) this.close(slot)
    return Promise.resolve()
  }

  #deliver(slot: Slot, bytes: Uint8Array): void {
    const batch: ReceiveBatch = {
      count: 1,
      slots: Int32Array.of(slot),
      starts: Int32Array.of(0),
      ends: Int32Array.of(bytes.length),
      keepFrom: Int32Array.of(bytes.length),
      bytes,
    }
    this.#kept.delete(slot)
    this.#handler.onReceive(batch)
    const keepFrom = batch.keepFrom[0]
    if (this.isOpen(slot) && keepFrom < bytes.length) this.#kept.set(slot, bytes.slice(keepFrom))
    this.flush()
  }

  #send(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    const connection = this.#connections[slot]
    if (!connection) return
    let at = start
    while (at < end && this.#framing.next(bytes, at, end) === TCP_EVENT.FRAME) {
      const { bodyStart, bodyEnd } = this.#framing
      at = bodyEnd
      if (!this.#reader.read(bytes, bodyStart, bodyEnd)) continue
      connection.onFrame(this.#reader, bytes, bodyEnd - bodyStart)
    }
    this.counters.bytesCommitted += end - start
    this.counters.bytesSent += end - start
    if (connection.queuedBytes <= this.#sendQueueBytesMax || this.#overflowed.has(slot)) return
    this.#overflowed.add(slot)
    setImmediate(() => this.flush())
  }

  /** The row is free for others from the next turn on. */
  #release(slot: Slot): void {
    this.#connections[slot] = undefined
    this.#generations[slot] = (this.#generations[slot] + 1) & 0xffff
    this.#kept.delete(slot)
    this.#overflowed.delete(slot)
    this.#openCount--
    this.counters.closed++
    setImmediate(() => this.#free.push(slot))
  }
}
