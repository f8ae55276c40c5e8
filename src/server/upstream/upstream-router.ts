/**
 * What devices send, to those who take it: every webhook and every consumer that takes the product
 * gets a copy. Lives on the main thread; answers each batch of a shard at once, because a sink
 * takes or refuses and never waits.
 *
 *   shard rows ─► router ─► Webhook lanes ─► HTTP
 *       ▲            └────► UpstreamConsumer ─► NDJSON
 *       └─ statuses: 0 somebody took it · 1 nobody takes the product · 2 all who do are full
 */
import type { ServerResponse } from 'node:http'
import { SENT_STATUS } from '../../protocol/frame-types.ts'
import type { Directory } from '../directory.ts'
import type { SipHash } from '../sip-hash.ts'
import { offlineLine, onlineLine, sendLine } from './upstream-event.ts'
import {
  ROW_BYTES,
  TEXTS_PER_ROW,
  UPSTREAM_ROW,
  type UpstreamAnswers,
  type UpstreamRows,
} from './upstream-messages.ts'
import type { UpstreamSink } from './upstream-sink.ts'
import { UpstreamConsumer } from './upstream-consumer.ts'
import { Webhook, type WebhookState } from './webhook.ts'
import type { WebhookSettings } from './webhook-target.ts'

const CONSUMERS_MAX = 64
const CONSUMER_QUEUED_BYTES_MAX = 4 << 20
const STATUS_NAMES = ['accepted', 'refused', 'overloaded'] as const

export interface UpstreamOptions {
  readonly nodeName: string
  /** Upper half of session ids, and what makes delivery ids unique to this life of the node. */
  readonly bootId: number
  readonly webhooks: WebhookSettings | null
  readonly directory: Directory
  readonly hash: SipHash
  /** Somebody began, or the last one ceased, to take what becomes of devices. */
  readonly onStatesWanted: (isWanted: boolean) => void
  readonly tell: (line: string) => void
  readonly consumerQueuedBytesMax?: number
}

export interface UpstreamState {
  /** SEND frames by what their devices were told. */
  readonly sends: Readonly<Record<(typeof STATUS_NAMES)[number], number>>
  readonly consumers: number
  readonly consumersCut: number
  readonly webhooks: readonly WebhookState[]
}

export class UpstreamRouter {
  readonly #options: UpstreamOptions
  readonly #webhooks: readonly Webhook[]
  readonly #consumers = new Set<UpstreamConsumer>()
  readonly #statusCounts = [0, 0, 0]
  #consumersCut = 0
  #stateSinks: readonly UpstreamSink[] = []

  constructor(options: UpstreamOptions) {
    this.#options = options
    const { webhooks: settings, nodeName, bootId, tell } = options
    this.#webhooks = (settings?.targets ?? []).map(
      (target, index) =>
        new Webhook({
          target,
          settings: settings as WebhookSettings,
          nodeName,
          idPrefix: `${bootId.toString(36)}.${index}`,
          tell,
        }),
    )
    this.#stateSinks = this.#webhooks.filter((webhook) => webhook.takesDeviceEvents)
  }

  /** Whether shards should say who comes and goes. */
  get wantsStates(): boolean {
    return this.#stateSinks.length > 0
  }

  /** The answers to post, also where no device wants one: they say what is no longer on its way. */
  take(shard: number, rows: UpstreamRows): UpstreamAnswers {
    const { rowKinds, slots, generations, requestIds, texts } = rows
    const nowMs = Date.now()
    const answered: number[] = []
    const statuses: number[] = []
    for (let row = 0; row < rowKinds.length; row++) {
      if (rowKinds[row] !== UPSTREAM_ROW.SEND) {
        this.#takeState(shard, rows, row, nowMs)
        continue
      }
      const status = this.#takeSend(rows, row, nowMs)
      this.#statusCounts[status]++
      if (requestIds[row] === 0) continue
      answered.push(row)
      statuses.push(status)
    }
    return {
      kind: 'sent',
      answeredBytes: texts.length + rowKinds.length * ROW_BYTES,
      slots: Int32Array.from(answered, (row) => slots[row]),
      generations: Uint16Array.from(answered, (row) => generations[row]),
      requestIds: Float64Array.from(answered, (row) => requestIds[row]),
      statuses: Uint8Array.from(statuses),
    }
  }

  /** Streams to the response until either side ends; null where there are consumers enough. */
  openConsumer(
    response: ServerResponse,
    products: readonly string[],
    deviceEvents: boolean,
  ): UpstreamConsumer | null {
    if (this.#consumers.size >= CONSUMERS_MAX) return null
    const consumer = new UpstreamConsumer({
      response,
      products: new Set(products),
      deviceEvents,
      queuedBytesMax: this.#options.consumerQueuedBytesMax ?? CONSUMER_QUEUED_BYTES_MAX,
    })
    consumer.onTooSlow = () => {
      const detail = 'lines were not read fast enough; those after this one are missing'
      if (consumer.end('too-slow', detail)) this.#consumersCut++
      this.#drop(consumer)
    }
    this.#consumers.add(consumer)
    this.#findStateSinks()
    void consumer.done.then(() => this.#drop(consumer))
    return consumer
  }

  state(): UpstreamState {
    const [accepted, refused, overloaded] = this.#statusCounts
    return {
      sends: { accepted, refused, overloaded },
      consumers: this.#consumers.size,
      consumersCut: this.#consumersCut,
      webhooks: this.#webhooks.map((webhook) => webhook.state()),
    }
  }

  /** Ends the consumers and delivers what waits for webhooks, for at most limitMs. */
  async close(limitMs: number): Promise<void> {
    for (const consumer of this.#consumers) consumer.end('shutting-down', 'the node shuts down')
    await Promise.all(this.#webhooks.map((webhook) => webhook.close(limitMs)))
  }

  #takeSend(rows: UpstreamRows, row: number, nowMs: number): number {
    const product = textOf(rows, row, 1)
    let line: string | null = null
    let deviceId = ''
    let status: number = SENT_STATUS.REFUSED
    for (const sinks of [this.#webhooks, this.#consumers] as Iterable<UpstreamSink>[]) {
      for (const sink of sinks) {
        if (!sink.takesProduct(product)) continue
        if (line === null) {
          deviceId = textOf(rows, row, 0)
          const session = this.#sessionOf(rows, row)
          const [route, payload] = [textOf(rows, row, 2), bytesOf(rows, row, 3)]
          line = sendLine(deviceId, session, nowMs, product, route, payload)
        }
        if (sink.offerSend(deviceId, line)) status = SENT_STATUS.ACCEPTED
        else if (status === SENT_STATUS.REFUSED) status = SENT_STATUS.OVERLOADED
      }
    }
    return status
  }

  /**
   * Only what is true now is told. A device that came back elsewhere before the end of its earlier
   * connection was noticed is online, and was replaced rather than gone.
   */
  #takeState(shard: number, rows: UpstreamRows, row: number, nowMs: number): void {
    if (this.#stateSinks.length === 0) return
    const { directory, hash } = this.#options
    const id = bytesOf(rows, row, 0)
    hash.hash(id, 0, id.length)
    const isKnown = directory.find(hash.high, hash.low)
    const isHere =
      isKnown &&
      directory.shard === shard &&
      directory.slot === rows.slots[row] &&
      directory.generation === rows.generations[row]
    const isComing = rows.rowKinds[row] === UPSTREAM_ROW.ONLINE
    if (isComing ? !isHere : isKnown) return
    const deviceId = id.toString()
    const lineOf = isComing ? onlineLine : offlineLine
    const line = lineOf(deviceId, this.#sessionOf(rows, row), nowMs, textOf(rows, row, 1))
    for (const sink of this.#stateSinks) sink.offerState(deviceId, line)
  }

  /** 16 hexadecimal digits, as in the WELCOME. */
  #sessionOf({ sessionIds }: UpstreamRows, row: number): string {
    const digits = (part: number) => part.toString(16).padStart(8, '0')
    return digits(this.#options.bootId) + digits(sessionIds[row])
  }

  #drop(consumer: UpstreamConsumer): void {
    this.#consumers.delete(consumer)
    this.#findStateSinks()
  }

  #findStateSinks(): void {
    const before = this.wantsStates
    this.#stateSinks = [...this.#webhooks, ...this.#consumers].filter(
      (sink) => sink.takesDeviceEvents,
    )
    if (this.wantsStates !== before) this.#options.onStatesWanted(this.wantsStates)
  }
}

/** A view of text k of the row. */
function bytesOf({ texts, textEnds }: UpstreamRows, row: number, k: number): Buffer {
  const at = row * TEXTS_PER_ROW + k
  const start = at === 0 ? 0 : textEnds[at - 1]
  return Buffer.from(texts.buffer, texts.byteOffset + start, textEnds[at] - start)
}

function textOf(rows: UpstreamRows, row: number, k: number): string {
  return bytesOf(rows, row, k).toString()
}
