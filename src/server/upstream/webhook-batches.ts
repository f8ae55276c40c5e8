/**
 * What waits for one lane of a webhook: an open batch that still grows, sealed ones in order, and
 * the one being sent, all bounded in count and bytes together. A device that comes and goes inside
 * one batch leaves one entry, its last state.
 *
 *   offerSend ─► arena of bytes ┐ seal
 *   offerState ─► Map of states┴─────► body │ body │ body ─► next() … done()
 */

const COMMA = 0x2c
const ARENA_BYTES_AT_START = 16 * 1024

export interface WebhookBatch {
  /** The same over all attempts: a receiver knows by it what it has seen. */
  readonly id: string
  readonly body: Buffer
  readonly eventCount: number
  /** When its first event was taken: performance.now(). */
  readonly openedAtMs: number
}

export interface BatchLimits {
  readonly eventsPerBatchMax: number
  readonly bytesPerBatchMax: number
  readonly queuedEventsMax: number
  readonly queuedBytesMax: number
}

export class WebhookBatches {
  readonly #nodeName: string
  readonly #idPrefix: string
  readonly #limits: BatchLimits
  readonly #sealed: WebhookBatch[] = []
  /** Sends of the open batch, a comma behind each: bytes, to spare the heap. */
  #arena = Buffer.allocUnsafe(ARENA_BYTES_AT_START)
  #arenaBytes = 0
  #sendCount = 0
  #states = new Map<string, string>()
  #openBytes = 0
  #openedAtMs = 0
  #queuedEvents = 0
  #queuedBytes = 0
  #lastId = 0

  /** `idPrefix` must differ between lanes and between lives of a node. */
  constructor(nodeName: string, idPrefix: string, limits: BatchLimits) {
    this.#nodeName = nodeName
    this.#idPrefix = idPrefix
    this.#limits = limits
  }

  /** Open, sealed and being sent. */
  get queuedEvents(): number {
    return this.#queuedEvents
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get isEmpty(): boolean {
    return this.#queuedEvents === 0
  }

  offerSend(line: string): boolean {
    const bytes = Buffer.byteLength(line) + 1
    if (!this.#makeRoom(bytes)) return false
    if (this.#arenaBytes + bytes > this.#arena.length) this.#growArena(this.#arenaBytes + bytes)
    this.#arenaBytes += this.#arena.write(line, this.#arenaBytes)
    this.#arena[this.#arenaBytes++] = COMMA
    this.#sendCount++
    return true
  }

  /** The last state of a device replaces an earlier one of the same batch, also in a full queue. */
  offerState(deviceId: string, line: string): boolean {
    const bytes = Buffer.byteLength(line) + 1
    const earlier = this.#states.get(deviceId)
    if (earlier !== undefined) {
      this.#states.delete(deviceId)
      this.#countBytes(bytes - Buffer.byteLength(earlier) - 1)
    } else if (!this.#makeRoom(bytes)) return false
    this.#states.set(deviceId, line)
    return true
  }

  /** The batch to send now; it counts as queued until done(). Undefined where nothing waits. */
  next(): WebhookBatch | undefined {
    if (this.#sealed.length === 0) this.#seal()
    return this.#sealed.shift()
  }

  /** Delivered or given up. */
  done(batch: WebhookBatch): void {
    this.#queuedEvents -= batch.eventCount
    this.#queuedBytes -= batch.body.length
  }

  #makeRoom(bytes: number): boolean {
    const { queuedEventsMax, queuedBytesMax, eventsPerBatchMax, bytesPerBatchMax } = this.#limits
    if (this.#queuedEvents >= queuedEventsMax) return false
    if (this.#queuedBytes + bytes > queuedBytesMax) return false
    const openCount = this.#sendCount + this.#states.size
    const isFull = openCount >= eventsPerBatchMax || this.#openBytes + bytes > bytesPerBatchMax
    if (isFull) this.#seal()
    if (this.#sendCount + this.#states.size === 0) this.#openedAtMs = performance.now()
    this.#queuedEvents++
    this.#countBytes(bytes)
    return true
  }

  #countBytes(bytes: number): void {
    this.#openBytes += bytes
    this.#queuedBytes += bytes
  }

  #seal(): void {
    const eventCount = this.#sendCount + this.#states.size
    if (eventCount === 0) return
    const id = `${this.#idPrefix}-${(++this.#lastId).toString(36)}`
    const [node, delivery] = [JSON.stringify(this.#nodeName), JSON.stringify(id)]
    const head = `{"node":${node},"delivery":${delivery},"sends":[`
    const sends = this.#arena.subarray(0, Math.max(0, this.#arenaBytes - 1))
    const tail = `],"devices":[${[...this.#states.values()].join(',')}]}`
    const body = Buffer.concat([Buffer.from(head), sends, Buffer.from(tail)])
    this.#queuedBytes += body.length - this.#openBytes
    this.#sealed.push({ id, body, eventCount, openedAtMs: this.#openedAtMs })
    this.#arenaBytes = 0
    this.#sendCount = 0
    this.#states = new Map()
    this.#openBytes = 0
  }

  #growArena(bytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(bytes, this.#arena.length * 2))
    this.#arena.copy(larger, 0, 0, this.#arenaBytes)
    this.#arena = larger
  }
}
