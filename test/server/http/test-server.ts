/** A running HTTP server on a MemoryNode, and short ways to ask it things over real sockets. */
import { Agent, request } from 'undici'
import { type HttpServer, startHttpServer } from '../../../src/server/http/http-server.ts'
import type { ClusterView } from '../../../src/cluster/node-record.ts'
import type { ProbeSettings } from '../../../src/server/probe-delay.ts'
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from '../../../src/server/http/limits.ts'
import { MemoryNode } from './memory-node.ts'

export interface TestServerOptions {
  readonly adminToken?: string
  readonly metricsAuth?: boolean
  readonly limits?: Partial<HttpLimits>
  readonly cluster?: ClusterView
  readonly probe?: ProbeSettings
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
  // biome-ignore lint: answers are looked into freely by tests
  readonly json: any
}

export interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'HEAD'
  readonly headers?: Record<string, string>
  readonly body?: unknown
  readonly raw?: string | Uint8Array
}

export class TestServer {
  readonly node = new MemoryNode()
  readonly failures: unknown[] = []
  readonly agent = new Agent({ bodyTimeout: 0, headersTimeout: 0 })
  server!: HttpServer

  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const started = new TestServer()
    started.server = await startHttpServer({
      control: started.node,
      host: '127.0.0.1',
      port: 0,
      adminToken: options.adminToken ?? null,
      metricsAuth: options.metricsAuth ?? false,
      ...(options.cluster ? { cluster: options.cluster } : {}),
      ...(options.probe ? { probe: options.probe } : {}),
      limits: { ...DEFAULT_HTTP_LIMITS, ...options.limits },
      reportFailure: (failure) => started.failures.push(failure),
    })
    return started
  }

  get origin(): string {
    return `http://127.0.0.1:${this.server.port}`
  }

  async ask(path: string, asked: Asked = {}): Promise<Answer> {
    const body = asked.raw ?? (asked.body === undefined ? null : JSON.stringify(asked.body))
    const answer = await request(this.origin + path, {
      method: asked.method ?? (body === null ? 'GET' : 'POST'),
      headers: {
        ...(body === null ? {} : { 'content-type': 'application/json' }),
        ...asked.headers,
      },
      body,
      dispatcher: this.agent,
    })
    const text = await answer.body.text()
    const isJson = /json/.test(String(answer.headers['content-type']))
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text,
      json: isJson && text !== '' && !text.includes('\n') ? JSON.parse(text) : undefined,
    }
  }

  async stop(): Promise<void> {
    await this.agent.destroy()
    await this.server.close(1_000)
  }
}
