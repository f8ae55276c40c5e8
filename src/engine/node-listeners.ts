/**
 * Listeners of the node engine, and the waiting room: accepted sockets that have no row yet, in
 * order of arrival.
 *
 * node:net cannot leave a connection in the kernel's accept queue: libuv accepts whatever is ready.
 * So the room takes the place of that queue while accepting is paused or the table is full: its
 * sockets are not read, the peer sees what it would see in the queue. Each costs a descriptor, so a
 * connection is refused by RST when the room holds `backlog` of its listener, or when descriptors
 * run short (counted in acceptsDeferred).
 */
import { type AddressInfo, createServer, type Server } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import { PushctlError } from '../errors/pushctl-error.ts'
import { isNearDescriptorLimit } from './node-descriptors.ts'
import { listenErrorFrom, requireReusePort } from './node-listen-errors.ts'
import type { RowSocket } from './node-rows.ts'
import { HIGH_WATER_MARK_BYTES } from './node-sockets.ts'
import type { EngineCounters, Listener, ListenOptions } from './socket-engine.ts'

export interface NodeListener extends Listener {
  readonly server: Server
  readonly waitingMax: number
  readonly secureContext: SecureContext | null
  waitingCount: number
}

export interface WaitingSocket {
  readonly listener: NodeListener
  readonly socket: RowSocket
}

export interface ListenerEvents {
  /** A socket entered the waiting room. */
  onWaiting(): void
  /** Every accepted socket, before anything else happens to it. */
  onSocket(socket: RowSocket): void
  onServerClosed(): void
}

export class NodeListeners {
  readonly #events: ListenerEvents
  readonly #counters: EngineCounters
  readonly #listeners = new Map<number, NodeListener>()
  #waiting: WaitingSocket[] = []
  #waitingFirst = 0
  #nextId = 1
  #isDestroyed = false
  /** Servers whose descriptor is not returned yet. */
  openServers = 0

  constructor(counters: EngineCounters, events: ListenerEvents) {
    this.#counters = counters
    this.#events = events
  }

  get hasWaiting(): boolean {
    return this.#waitingFirst < this.#waiting.length
  }

  async listen(options: ListenOptions): Promise<Listener> {
    if (options.reusePort) requireReusePort()
    const server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      pauseOnConnect: true,
      highWaterMark: HIGH_WATER_MARK_BYTES,
    })
    const secureContext = options.tls ? secureContextFrom(options.tls) : null
    await bindServer(server, options)
    if (this.#isDestroyed) {
      server.close()
      throw new Error('the engine was destroyed while it was about to listen')
    }
    const address = server.address() as AddressInfo
    const id = this.#nextId++
    const listener: NodeListener = {
      id,
      host: address.address,
      port: address.port,
      server,
      waitingMax: options.backlog,
      secureContext,
      waitingCount: 0,
    }
    this.#listeners.set(id, listener)
    this.openServers++
    this.#watch(listener)
    return { id, host: listener.host, port: listener.port }
  }

  /** The oldest socket of the waiting room, undefined where there is none. */
  takeWaiting(): WaitingSocket | undefined {
    while (this.#waitingFirst < this.#waiting.length) {
      const waiting = this.#waiting[this.#waitingFirst++]
      if (this.#waitingFirst === this.#waiting.length) {
        this.#waiting = []
        this.#waitingFirst = 0
      }
      // Refused meanwhile, because its listener was closed.
      if (waiting.socket.destroyed) continue
      waiting.listener.waitingCount--
      return waiting
    }
    return undefined
  }

  /** As the kernel does, connections that nobody accepted yet are reset with their listener. */
  close(listenerId: number): void {
    const listener = this.#listeners.get(listenerId)
    if (!listener) return
    this.#listeners.delete(listenerId)
    listener.server.close()
    for (let index = this.#waitingFirst; index < this.#waiting.length; index++) {
      const waiting = this.#waiting[index]
      if (waiting.listener === listener) waiting.socket.resetAndDestroy()
    }
  }

  closeAll(): void {
    this.#isDestroyed = true
    for (const id of [...this.#listeners.keys()]) this.close(id)
  }

  #watch(listener: NodeListener): void {
    const { server } = listener
    server.on('connection', (socket) => this.#admit(listener, socket as RowSocket))
    // Descriptors ran out in spite of the reserve, taken by others in this process.
    server.on('error', () => {
      this.#counters.acceptsDeferred++
    })
    // 'close' of a server waits for its connections too: all that matters is counted by the engine.
    server.on('close', () => {
      this.openServers--
      this.#events.onServerClosed()
    })
  }

  #admit(listener: NodeListener, socket: RowSocket): void {
    this.#events.onSocket(socket)
    const isShort = isNearDescriptorLimit(socket)
    if (isShort) this.#counters.acceptsDeferred++
    if (isShort || listener.waitingCount >= listener.waitingMax) {
      socket.resetAndDestroy()
      return
    }
    listener.waitingCount++
    this.#waiting.push({ listener, socket })
    this.#events.onWaiting()
  }
}

function bindServer(server: Server, options: ListenOptions): Promise<void> {
  const { host, port, backlog, reusePort } = options
  return new Promise((resolve, reject) => {
    const onError = (cause: Error) => reject(listenErrorFrom(cause, options))
    server.once('error', onError)
    server.listen({ host, port, backlog, ...(reusePort ? { reusePort } : {}) }, () => {
      server.off('error', onError)
      resolve()
    })
  })
}

function secureContextFrom(files: NonNullable<ListenOptions['tls']>): SecureContext {
  try {
    return createSecureContext({ cert: files.cert, key: files.key })
  } catch (cause) {
    throw new PushctlError(
      'PUSHCTL_CONFIG',
      `expected a PEM certificate and its key, got: ${(cause as Error).message}`,
      { cause },
    )
  }
}
