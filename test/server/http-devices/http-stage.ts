/** A push node with its HTTP API, real in all parts, and clients of its HTTP carriers. */
import { get, type IncomingMessage } from 'node:http'
import { Agent, request } from 'undici'
import { EpollEngine } from '../../../src/engine/epoll-engine.ts'
import { type HttpServer, startHttpServer } from '../../../src/server/http/http-server.ts'
import { DEFAULT_HTTP_LIMITS } from '../../../src/server/http/limits.ts'
import type { PushNodeOptions } from '../../../src/server/node-options.ts'
import { PushNode } from '../../../src/server/push-node.ts'
import { nodeOptions } from '../node-options.ts'
import { untilTrue } from '../node-stage.ts'

export const ADMIN_TOKEN = 'admin-token-of-this-test'

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  // biome-ignore lint: answers are looked into freely by tests
  readonly json: any
}

export interface ServerEvent {
  readonly event: string
  readonly id: string
  readonly retry: string
  // biome-ignore lint: frames are looked into freely by tests
  readonly frame: any
}

export class EventReader {
  readonly events: ServerEvent[] = []
  isEnded = false
  readonly #response: IncomingMessage

  constructor(response: IncomingMessage) {
    this.#response = response
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      const blocks = (text + chunk).split('\n\n')
      text = blocks.pop()!
      this.events.push(...blocks.map(eventOf).filter((event) => event.frame !== undefined))
    })
    response.on('end', () => (this.isEnded = true))
    response.on('error', () => (this.isEnded = true))
  }

  get status(): number {
    return this.#response.statusCode ?? 0
  }

  get headers() {
    return this.#response.headers
  }

  of(event: string): ServerEvent[] {
    return this.events.filter((each) => each.event === event)
  }

  get payloads(): string[] {
    return this.of('message').map(({ frame }) => frame.payload)
  }

  async until(event: string, count = 1): Promise<ServerEvent> {
    await untilTrue(() => this.of(event).length >= count || this.isEnded)
    return this.of(event)[count - 1]!
  }

  destroy(): void {
    this.#response.destroy()
  }
}

function eventOf(block: string): ServerEvent {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
  const text = field('data')
  return {
    event: field('event') ?? 'message',
    id: field('id') ?? '',
    retry: field('retry') ?? '',
    frame: text === undefined ? undefined : JSON.parse(text),
  }
}

export class HttpStage {
  readonly node: PushNode
  readonly #agent = new Agent({ bodyTimeout: 0, headersTimeout: 0 })
  readonly #readers: EventReader[] = []
  server!: HttpServer

  private constructor(options: Partial<PushNodeOptions>) {
    this.node = new PushNode(
      nodeOptions({
        shardCount: 1,
        engine: EpollEngine.isAvailable() ? 'epoll' : 'node',
        ...options,
      }),
    )
  }

  static async open(
    options: Partial<PushNodeOptions> = {},
    origins: readonly string[] = [],
  ): Promise<HttpStage> {
    const stage = new HttpStage(options)
    await stage.node.start()
    stage.server = await startHttpServer({
      control: stage.node,
      upstream: stage.node.upstream,
      devices: stage.node.httpDevices,
      origins,
      host: '127.0.0.1',
      port: 0,
      adminToken: ADMIN_TOKEN,
      metricsAuth: false,
      limits: DEFAULT_HTTP_LIMITS,
      reportFailure: (failure) => {
        throw failure
      },
    })
    stage.node.markReady(`127.0.0.1:${stage.server.port}`)
    return stage
  }

  get origin(): string {
    return `http://127.0.0.1:${this.server.port}`
  }

  /** Ports of the other carriers. */
  get ports() {
    const [tcp, ws] = this.node.listeners
    return { tcpPort: tcp!.port, wsPort: ws!.port }
  }

  async ask(
    path: string,
    asked: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const answer = await request(this.origin + path, {
      method: (asked.method ?? (asked.body === undefined ? 'GET' : 'POST')) as 'GET',
      headers: {
        ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...asked.headers,
      },
      body: asked.body === undefined ? null : JSON.stringify(asked.body),
      dispatcher: this.#agent,
    })
    const text = await answer.body.text()
    const json = text === '' ? undefined : JSON.parse(text)
    return { status: answer.statusCode, headers: answer.headers, json }
  }

  asAdmin(path: string, body?: unknown, method?: string): Promise<Answer> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    return this.ask(path, {
      headers,
      ...(body === undefined ? {} : { body }),
      ...(method === undefined ? {} : { method }),
    })
  }

  push(to: unknown, payload: string, more: Record<string, unknown> = {}): Promise<Answer> {
    return this.asAdmin('/v1/push', { to, payload, ...more })
  }

  async events(query: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const reader = new EventReader(await this.response(`/v1/events?${query}`, headers))
    this.#readers.push(reader)
    return reader
  }

  response(path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { port } = this.server
      get({ host: '127.0.0.1', port, path, headers, agent: false }, resolve).on('error', reject)
    })
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) reader.destroy()
    await this.#agent.destroy()
    await this.server.close(50)
    await this.node.stop()
  }
}
