/**
 * Pushes over one TCP connection: the greeting first, then chunks as they come, answers read as
 * they arrive. One connection keeps pushes in order. node:net is enough here: a publisher has one
 * socket, not a million.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { PushctlError } from '../../../errors/pushctl-error.ts'
import type { BatchStreamEvents } from '../../batch-stream.ts'
import type { tlsOptionsOf } from '../target-tls.ts'
import type { PublishConversation, PublishStream } from './publish-wire.ts'

export interface PublishEndpoint {
  readonly host: string
  readonly port: number
  /** As people know it. */
  readonly shown: string
  /** As node:tls takes it; missing: plain. */
  readonly tls?: ReturnType<typeof tlsOptionsOf> | undefined
}

export class SocketPublishStream implements PublishStream {
  readonly done: Promise<void>
  readonly #endpoint: PublishEndpoint
  readonly #conversation: PublishConversation
  readonly #events: BatchStreamEvents
  readonly #socket: Socket
  /** Chunks that came before the connection was ready. */
  #early: Buffer[] = []
  #kept: Buffer = Buffer.alloc(0)
  #written = 0
  #isBlocked = false
  #isEnding = false
  #isOver = false
  #resolve: () => void = () => {}

  constructor(
    endpoint: PublishEndpoint,
    conversation: PublishConversation,
    events: BatchStreamEvents,
  ) {
    this.#endpoint = endpoint
    this.#conversation = conversation
    this.#events = events
    this.done = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#socket = openSocket(endpoint)
    this.#socket.on(endpoint.tls ? 'secureConnect' : 'connect', () => this.#onConnect())
    this.#socket.on('data', (bytes) => this.#onBytes(bytes))
    this.#socket.on('drain', () => this.#onDrain())
    this.#socket.on('error', (error) => this.#break(error))
    this.#socket.on('close', () => this.#break(new Error('the connection was closed')))
  }

  get answered(): number {
    return this.#conversation.answered ?? this.#written
  }

  write(chunk: Buffer, pushes: number): boolean {
    this.#written += pushes
    if (this.#conversation.isReady && !this.#socket.connecting) {
      this.#isBlocked = !this.#socket.write(chunk)
    } else {
      this.#early.push(chunk)
      this.#isBlocked = true
    }
    return !this.#isBlocked
  }

  end(): void {
    this.#isEnding = true
    this.#checkDone()
  }

  async destroy(): Promise<void> {
    this.#isOver = true
    this.#socket.destroy()
    this.#resolve()
  }

  #onConnect(): void {
    const { greeting, isReady } = this.#conversation
    if (greeting.length > 0) this.#socket.write(greeting)
    if (isReady) this.#sendEarly()
  }

  #onBytes(bytes: Buffer): void {
    const conversation = this.#conversation
    const wasReady = conversation.isReady
    const all = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes])
    try {
      const keepFrom = conversation.read(all, 0, all.length, (reply) => this.#socket.write(reply))
      this.#kept = all.subarray(keepFrom)
    } catch (error) {
      this.#break(error as Error)
      return
    }
    if (!wasReady && conversation.isReady) this.#sendEarly()
    this.#checkDone()
  }

  #sendEarly(): void {
    let isRoomy = true
    for (const chunk of this.#early) isRoomy = this.#socket.write(chunk)
    this.#early = []
    if (isRoomy) this.#onDrain()
    this.#checkDone()
  }

  #onDrain(): void {
    if (!this.#isBlocked) return
    this.#isBlocked = false
    this.#events.onDrain()
  }

  #checkDone(): void {
    if (!this.#isEnding || this.#isOver || this.#early.length > 0) return
    if (this.answered < this.#written) return
    this.#isOver = true
    // Resolves when the kernel has taken all that was written.
    this.#socket.end(this.#conversation.goodbye, () => this.#resolve())
  }

  #break(cause: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#socket.destroy()
    this.#resolve()
    this.#events.onBroken(
      cause instanceof PushctlError
        ? cause
        : new PushctlError(
            'PUSHCTL_TARGET_UNREACHABLE',
            `pushes cannot be published to ${this.#endpoint.shown}`,
            { why: cause.message, cause },
          ),
    )
  }
}

function openSocket({ host, port, tls }: PublishEndpoint): Socket {
  if (!tls) return connect({ host, port, noDelay: true })
  const { serverName, ...trust } = tls
  const name = serverName === undefined ? {} : { servername: serverName }
  const socket = connectTls({ host, port, ...trust, ...name })
  return socket.setNoDelay(true)
}
