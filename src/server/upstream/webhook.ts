/**
 * One webhook: an HTTP address that gets what devices send, in signed batches. Devices are spread
 * over a few lanes by their id, each with one request at a time: order is kept per device, and a
 * receiver that takes 50 ms a request still gets tens of thousands of events a second.
 */
import { createRequire } from 'node:module'
import type { Pool } from 'undici'
import type { UpstreamSink } from './upstream-sink.ts'
import { type WebhookBatch, WebhookBatches } from './webhook-batches.ts'
import { type LaneCounts, WebhookLane } from './webhook-lane.ts'
import type { WebhookSettings, WebhookTarget } from './webhook-target.ts'

const require = createRequire(import.meta.url)

const LANES = 4
const EVENTS_PER_BATCH_MAX = 500
const BYTES_PER_BATCH_MAX = 512 * 1024
const KEEP_ALIVE_MS = 10_000

export interface WebhookState {
  readonly name: string
  readonly delivered: number
  readonly dead: number
  /** States of devices that found the queue full. */
  readonly dropped: number
  readonly queuedEvents: number
  readonly queuedBytes: number
  readonly attempts: Readonly<Record<string, number>>
}

export interface WebhookOptions {
  readonly target: WebhookTarget
  readonly settings: WebhookSettings
  readonly nodeName: string
  /** Unique to this life of the node and this webhook. */
  readonly idPrefix: string
  readonly tell: (line: string) => void
}

export class Webhook implements UpstreamSink {
  readonly takesDeviceEvents: boolean
  readonly #target: WebhookTarget
  readonly #tell: (line: string) => void
  readonly #pool: Pool
  readonly #counts: LaneCounts = { delivered: 0, dead: 0, attempts: {} }
  readonly #lanes: { readonly batches: WebhookBatches; readonly lane: WebhookLane }[]
  #dropped = 0

  constructor(options: WebhookOptions) {
    const { target, settings } = options
    this.#target = target
    this.#tell = options.tell
    this.takesDeviceEvents = settings.deviceEvents
    // 3 MB of heap, so it is loaded where there is a webhook and not before.
    const { Pool: HttpPool } = require('undici') as typeof import('undici')
    this.#pool = new HttpPool(target.url.origin, {
      connections: LANES,
      pipelining: 1,
      connect: { timeout: settings.timeoutMs },
      headersTimeout: settings.timeoutMs,
      bodyTimeout: settings.timeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
    })
    this.#lanes = Array.from({ length: LANES }, (_, index) => {
      const batches = new WebhookBatches(options.nodeName, `${options.idPrefix}.${index}`, {
        eventsPerBatchMax: EVENTS_PER_BATCH_MAX,
        bytesPerBatchMax: BYTES_PER_BATCH_MAX,
        queuedEventsMax: Math.ceil(settings.queuedEventsMax / LANES),
        queuedBytesMax: Math.ceil(settings.queuedBytesMax / LANES),
      })
      const lane = new WebhookLane({
        pool: this.#pool,
        target,
        settings,
        batches,
        counts: this.#counts,
        onDead: (batch, outcome) => this.#onDead(batch, outcome),
      })
      return { batches, lane }
    })
  }

  takesProduct(product: string): boolean {
    return this.#target.product === null || this.#target.product === product
  }

  offerSend(deviceId: string, line: string): boolean {
    const { batches, lane } = this.#laneOf(deviceId)
    if (!batches.offerSend(line)) return false
    lane.wake()
    return true
  }

  offerState(deviceId: string, line: string): boolean {
    const { batches, lane } = this.#laneOf(deviceId)
    const isTaken = batches.offerState(deviceId, line)
    if (isTaken) lane.wake()
    else this.#dropped++
    return isTaken
  }

  state(): WebhookState {
    const sum = (read: (batches: WebhookBatches) => number) =>
      this.#lanes.reduce((total, { batches }) => total + read(batches), 0)
    return {
      name: this.#target.name,
      delivered: this.#counts.delivered,
      dead: this.#counts.dead,
      dropped: this.#dropped,
      queuedEvents: sum((batches) => batches.queuedEvents),
      queuedBytes: sum((batches) => batches.queuedBytes),
      attempts: { ...this.#counts.attempts },
    }
  }

  /** Delivers what waits, for at most limitMs; the rest is dead. */
  async close(limitMs: number): Promise<void> {
    const limit = setTimeout(() => void this.#abandon(), limitMs)
    await Promise.all(this.#lanes.map(({ lane }) => lane.idle()))
    clearTimeout(limit)
    await this.#pool.destroy()
  }

  #abandon(): Promise<unknown> {
    return Promise.all(this.#lanes.map(({ lane }) => lane.abandon()))
  }

  #laneOf(deviceId: string) {
    let hash = 0
    for (let i = 0; i < deviceId.length; i++) hash = (hash * 31 + deviceId.charCodeAt(i)) | 0
    return this.#lanes[(hash >>> 0) % LANES]
  }

  #onDead(batch: WebhookBatch, lastOutcome: string): void {
    this.#tell(
      `webhook ${this.#target.name}: gave up ${batch.eventCount} events (${batch.id}), ` +
        `last answer: ${lastOutcome}`,
    )
  }
}
