/**
 * A socket engine without sockets: what a device sends is presented to the handler as an engine
 * would, and what the handler answers is read back by the codec of a device. It is stricter than a
 * real one: bytes kept beyond the bound, an answer that no device could read, or one to a
 * connection that was given up, throw.
 */
import type {
  EngineHandler,
  EngineOptions,
  Listener,
  ListenOptions,
  ReceiveBatch,
  Slot,
  SocketEngine,
} from '../../../src/engine/socket-engine.ts'

const OUTBOX_BYTES = 1 << 20
const ARENA_BYTES = 1 << 20

export class MemoryEngine implements SocketEngine {
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
  openCount = 0
  keptBytesMax = 0
  /** Sees each piece that is sent; set before the first connection. */
  onSent: (slot: Slot, bytes: Uint8Array) => void = () => {}
  onGivenUp: (slot: Slot) => void = () => {}
  readonly #handler: EngineHandler
  readonly #keptBound: number
  readonly #isOpen: Uint8Array
  readonly #generations: Uint16Array
  readonly #kept: Uint8Array[] = []
  readonly #batch: ReceiveBatch
  #outboxAt = 0
  #listeners = 0

  constructor(options: EngineOptions, handler: EngineHandler, keptBound: number) {
    this.capacity = options.capacity
    this.#handler = handler
    this.#keptBound = keptBound
    this.#isOpen = new Uint8Array(this.capacity)
    this.#generations = new Uint16Array(this.capacity)
    this.#batch = {
      count: 0,
      slots: new Int32Array(this.capacity),
      starts: new Int32Array(this.capacity),
      ends: new Int32Array(this.capacity),
      keepFrom: new Int32Array(this.capacity),
      bytes: new Uint8Array(ARENA_BYTES),
    }
  }

  /** A device connects on this row. */
  accept(slot: Slot, listenerId: number): void {
    this.#isOpen[slot] = 1
    this.#generations[slot] = (this.#generations[slot]! + 1) & 0xffff
    this.#kept[slot] = new Uint8Array(0)
    this.openCount++
    this.counters.accepted++
    this.#handler.onAccept(Int32Array.of(slot), 1, listenerId)
  }

  /** One read of each of these connections: chunks[i] came on slots[i]. */
  receive(slots: readonly Slot[], chunks: readonly Uint8Array[]): void {
    const batch = this.#batch
    let at = 0
    batch.count = 0
    slots.forEach((slot, i) => {
      if (this.#isOpen[slot] === 0) return
      const row = batch.count++
      const kept = this.#kept[slot]!
      batch.slots[row] = slot
      batch.starts[row] = at
      batch.bytes.set(kept, at)
      batch.bytes.set(chunks[i]!, at + kept.length)
      at += kept.length + chunks[i]!.length
      batch.ends[row] = at
      batch.keepFrom[row] = at
      this.counters.bytesReceived += chunks[i]!.length
    })
    this.#handler.onReceive(batch)
    for (let row = 0; row < batch.count; row++) this.#keep(row)
  }

  /** The bound holds for connections that wait for nothing but their peer. */
  checkKept(slot: Slot): void {
    const { length } = this.#kept[slot]!
    if (length > this.#keptBound) throw new Error(`${length} bytes are kept of one connection`)
    this.keptBytesMax = Math.max(this.keptBytesMax, length)
  }

  /** The device is gone. */
  end(slot: Slot, reason: number): void {
    this.#giveUp(slot)
    this.#handler.onClose(Int32Array.of(slot), Uint8Array.of(reason), new Int32Array(1), 1)
  }

  get bufferedBytes(): number {
    return this.#kept.reduce((sum, { length }) => sum + length, 0)
  }

  async listen(options: ListenOptions): Promise<Listener> {
    return { id: this.#listeners++, host: options.host, port: 1 }
  }
  closeListener(): void {}
  pauseAccept(): void {}
  resumeAccept(): void {}
  setAcceptQuota(): void {}
  connect(): number {
    throw new Error('a push node opens no connections')
  }

  reserve(bytes: number): number {
    if (this.#outboxAt + bytes > this.outbox.length) this.#outboxAt = 0
    const at = this.#outboxAt
    this.#outboxAt += bytes
    return at
  }

  commit(slot: Slot, start: number, end: number): void {
    if (this.#isOpen[slot] === 0) throw new Error(`sent to ${slot}, which is closed`)
    this.counters.bytesCommitted += end - start
    this.onSent(slot, this.outbox.subarray(start, end))
  }
  flush(): void {}

  sendSame(slots: Int32Array, count: number, bytes: Uint8Array, start: number, end: number): void {
    for (let i = 0; i < count; i++) this.onSent(slots[i]!, bytes.subarray(start, end))
  }

  redeliver(slots: Int32Array, count: number): void {
    const waiting = [...slots.subarray(0, count)]
    const nothing = new Uint8Array(0)
    this.receive(
      waiting,
      waiting.map(() => nothing),
    )
  }

  close(slot: Slot): void {
    if (this.#isOpen[slot] === 0) throw new Error(`closed ${slot} twice`)
    this.#giveUp(slot)
    this.onGivenUp(slot)
  }
  abort(slot: Slot): void {
    this.close(slot)
  }

  isOpen(slot: Slot): boolean {
    return this.#isOpen[slot] === 1
  }
  generationOf(slot: Slot): number {
    return this.#generations[slot]!
  }
  queuedBytesOf(): number {
    return 0
  }
  peerOf(): string {
    return '127.0.0.1:1'
  }
  localOf(): string {
    return '127.0.0.1:2'
  }
  async destroy(): Promise<void> {}

  #keep(row: number): void {
    const { slots, starts, ends, keepFrom, bytes } = this.#batch
    const slot = slots[row]!
    if (this.#isOpen[slot] === 0) return
    const from = keepFrom[row]!
    if (from < starts[row]! || from > ends[row]!) throw new Error(`keeps from ${from}`)
    this.#kept[slot] = bytes.slice(from, ends[row])
  }

  #giveUp(slot: Slot): void {
    this.#isOpen[slot] = 0
    this.#kept[slot] = new Uint8Array(0)
    this.openCount--
    this.counters.closed++
  }
}
