/**
 * What waits for one lane of a webhook: an open batch that still grows, sealed ones in order, and
 * the one being sent, all bounded in count and bytes together. A device that comes and goes inside
 * one batch leaves one entry, its last state.
 *
 *   offerSend ─► text of sends ┐ seal
 *   offerState ─► Map of states┴─────► body │ body │ body ─► next() … done()
 */

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
  #sends: string[] = []
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
    if (!this.#makeRoom(Buffer.byteLength(line) + 1)) return false
    this.#sends.push(line)
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
    const openCount = this.#sends.length + this.#states.size
    const isFull = openCount >= eventsPerBatchMax || this.#openBytes + bytes > bytesPerBatchMax
    if (isFull) this.#seal()
    if (this.#sends.length + this.#states.size === 0) this.#openedAtMs = performance.now()
    this.#queuedEvents++
    this.#countBytes(bytes)
    return true
  }

  #countBytes(bytes: number): void {
    this.#openBytes += bytes
    this.#queuedBytes += bytes
  }

  #seal(): void {
    const eventCount = this.#sends.length + this.#states.size
    if (eventCount === 0) return
    const id = `${this.#idPrefix}-${(++this.#lastId).toString(36)}`
    const body = Buffer.from(
      `{"node":${JSON.stringify(this.#nodeName)},"delivery":${JSON.stringify(id)},` +
        `"sends":[${this.#sends.join(',')}],"devices":[${[...this.#states.values()].join(',')}]}`,
    )
    this.#queuedBytes += body.length - this.#openBytes
    this.#sealed.push({ id, body, eventCount, openedAtMs: this.#openedAtMs })
    this.#sends = []
    this.#states = new Map()
    this.#openBytes = 0
  }
}
