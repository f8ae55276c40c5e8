/**
 * A receiver of webhooks on a real port: verifies each request as docs/upstream.md tells receivers
 * to, keeps what it accepted, and misbehaves on demand.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  parseWebhookTarget,
  type WebhookSettings,
} from '../../../src/server/upstream/webhook-target.ts'

export const SECRET = 'the secret of this receiver, long enough'

export interface Delivery {
  readonly node: string
  readonly delivery: string
  readonly sends: readonly Record<string, unknown>[]
  readonly devices: readonly Record<string, unknown>[]
}

export type Behaviour = 'ok' | 'error' | 'reset' | 'hang' | 'busy'

export class WebhookReceiver {
  readonly accepted: Delivery[] = []
  /** Every request: delivery id, attempt, and what was done with it. */
  readonly requests: { id: string; attempt: number; behaviour: Behaviour }[] = []
  readonly faults: string[] = []
  /** What to do with the next requests; then 'ok'. */
  readonly plan: Behaviour[] = []
  otherwise: Behaviour = 'ok'
  openMax = 0
  #open = 0
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => this.#onRequest(request, response))
  }

  static async open(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver()
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook?key=1`
  }

  get sends(): Record<string, unknown>[] {
    return this.accepted.flatMap(({ sends }) => sends)
  }

  get devices(): Record<string, unknown>[] {
    return this.accepted.flatMap(({ devices }) => devices)
  }

  settings(more: Partial<WebhookSettings> = {}): WebhookSettings {
    return {
      targets: [parseWebhookTarget(this.url)],
      secret: SECRET,
      deviceEvents: false,
      timeoutMs: 10_000,
      retryMs: 60_000,
      queuedEventsMax: 1_000,
      queuedBytesMax: 1 << 20,
      closeMs: 5_000,
      ...more,
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.openMax = Math.max(this.openMax, ++this.#open)
    response.on('close', () => this.#open--)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const fault = faultOf(request, body)
    if (fault !== null) this.faults.push(fault)
    const behaviour = this.plan.shift() ?? this.otherwise
    this.requests.push({
      id: String(request.headers['pushctl-delivery']),
      attempt: Number(request.headers['pushctl-attempt']),
      behaviour,
    })
    if (behaviour === 'hang') return
    if (behaviour === 'reset') request.socket.resetAndDestroy()
    else if (behaviour === 'error') response.writeHead(500).end('broken')
    else if (behaviour === 'busy') response.writeHead(429, { 'retry-after': '0' }).end()
    else {
      this.accepted.push(JSON.parse(body.toString()))
      response.writeHead(204).end()
    }
  }
}

/** What is wrong with a request, or null. */
function faultOf({ method, url, headers }: IncomingMessage, body: Buffer): string | null {
  if (method !== 'POST' || url !== '/hook?key=1') return `${method} ${url}`
  if (headers['content-type'] !== 'application/json') return String(headers['content-type'])
  const match = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['pushctl-signature']))
  if (!match) return `signature ${headers['pushctl-signature']}`
  const [, time, digest] = match as unknown as [string, string, string]
  if (Math.abs(Date.now() / 1000 - Number(time)) > 300) return 'an old signature'
  const expected = createHmac('sha256', SECRET).update(`${time}.`).update(body).digest()
  return timingSafeEqual(expected, Buffer.from(digest, 'hex')) ? null : 'a wrong signature'
}
