/**
 * What the tests of an engine stand on: engines whose events are recorded, plain node:net peers,
 * and one way to wait. Everything made through a stage is torn down by its clear().
 */
import { connect as connectTcp, type Socket } from 'node:net'
import {
  type CLOSE_REASON,
  DEFAULT_ENGINE_OPTIONS,
  type EngineHandler,
  type EngineOptions,
  type Listener,
  type ListenOptions,
  type ReceiveBatch,
  type Slot,
  type SocketEngine,
} from '../../../src/engine/socket-engine.ts'

export type MakeEngine = (options: EngineOptions, handler: EngineHandler) => SocketEngine

/** Only how long a test may hang before it says what it waited for; nothing depends on it. */
const WAIT_MS_MAX = 12_000
/**
 * States without an event (a descriptor that closes, a queue that drains) are looked at this often.
 */
const LOOK_AGAIN_MS = 3

export interface ClosedRecord {
  readonly slot: Slot
  readonly reason: (typeof CLOSE_REASON)[keyof typeof CLOSE_REASON]
  readonly errno: number
}

/** Writes down what an engine calls. A test that has something to answer replaces a hook. */
export class Recorder implements EngineHandler {
  engine!: SocketEngine
  /** The engine calls in order: 'accept 3', 'receive 3', 'close 3'. */
  readonly calls: string[] = []
  readonly accepted: Slot[] = []
  readonly listenerIds: number[] = []
  readonly connected: Slot[] = []
  readonly overflowed: Slot[] = []
  readonly closed: ClosedRecord[] = []
  readonly received = new Map<Slot, Buffer>()
  /** Called per slot while the batch is open. */
  acceptHook: (slot: Slot) => void = () => {}
  connectHook: (slot: Slot) => void = () => {}
  /**
   * Returns where to keep from, as an index into the bytes that are shown; undefined consumes all.
   */
  receiveHook: (slot: Slot, bytes: Buffer) => number | undefined = () => undefined
  overflowHook: (slot: Slot) => void = () => {}
  closeHook: (slot: Slot) => void = () => {}
  batchHook: (batch: ReceiveBatch) => void = () => {}

  onAccept(slots: Int32Array, count: number, listenerId: number): void {
    for (const slot of slots.slice(0, count)) {
      this.calls.push(`accept ${slot}`)
      this.accepted.push(slot)
      this.listenerIds.push(listenerId)
      this.received.set(slot, Buffer.alloc(0))
      this.acceptHook(slot)
    }
  }

  onConnect(slots: Int32Array, count: number): void {
    for (const slot of slots.slice(0, count)) {
      this.calls.push(`connect ${slot}`)
      this.connected.push(slot)
      this.received.set(slot, Buffer.alloc(0))
      this.connectHook(slot)
    }
  }

  onReceive(batch: ReceiveBatch): void {
    this.batchHook(batch)
    for (let index = 0; index < batch.count; index++) {
      const slot = batch.slots[index]
      const start = batch.starts[index]
      const shown = Buffer.from(
        batch.bytes.buffer,
        batch.bytes.byteOffset + start,
        batch.ends[index] - start,
      )
      this.calls.push(`receive ${slot}`)
      const keepFrom = this.receiveHook(slot, shown) ?? shown.length
      batch.keepFrom[index] = start + keepFrom
      const before = this.received.get(slot) ?? Buffer.alloc(0)
      this.received.set(slot, Buffer.concat([before, shown.subarray(0, keepFrom)]))
    }
  }

  onOverflow(slots: Int32Array, count: number): void {
    for (const slot of slots.slice(0, count)) {
      this.calls.push(`overflow ${slot}`)
      this.overflowed.push(slot)
      this.overflowHook(slot)
    }
  }

  onClose(slots: Int32Array, reasons: Uint8Array, errnos: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) {
      const slot = slots[index]
      this.calls.push(`close ${slot}`)
      this.closed.push({
        slot,
        reason: reasons[index] as ClosedRecord['reason'],
        errno: errnos[index],
      })
      this.closeHook(slot)
    }
  }

  textOf(slot: Slot): string {
    return (this.received.get(slot) ?? Buffer.alloc(0)).toString('latin1')
  }

  /** reserve, write, commit: what every user of an engine does. */
  say(slot: Slot, what: string | Uint8Array): void {
    const bytes = typeof what === 'string' ? Buffer.from(what, 'latin1') : what
    const start = this.engine.reserve(bytes.length)
    this.engine.outbox.set(bytes, start)
    this.engine.commit(slot, start, start + bytes.length)
  }
}

/** The other side: a plain socket of Node. */
export class Peer {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  receivedBytes = 0
  isConnected = false
  /** The engine ended its side. */
  isEnded = false
  isClosed = false
  errorCode = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('connect', () => {
      this.isConnected = true
    })
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk)
      this.receivedBytes += chunk.length
    })
    socket.on('end', () => {
      this.isEnded = true
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code ?? error.message
    })
    socket.on('close', () => {
      this.isClosed = true
    })
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.received.toString('latin1')
  }

  get port(): number {
    return this.socket.localPort ?? 0
  }
}

export class Stage {
  readonly #makeEngine: MakeEngine
  readonly #engines: SocketEngine[] = []
  readonly #peers: Peer[] = []

  constructor(makeEngine: MakeEngine) {
    this.#makeEngine = makeEngine
  }

  open(options: Partial<EngineOptions> = {}, recorder = new Recorder()): Recorder {
    const all = { ...DEFAULT_ENGINE_OPTIONS, capacity: 64, ...options }
    recorder.engine = this.#makeEngine(all, recorder)
    this.#engines.push(recorder.engine)
    return recorder
  }

  listen(recorder: Recorder, options: Partial<ListenOptions> = {}): Promise<Listener> {
    const { engine } = recorder
    return engine.listen({
      host: '127.0.0.1',
      port: 0,
      backlog: 4096,
      reusePort: false,
      ...options,
    })
  }

  /** Connects without waiting for it. */
  startPeer(port: number, host = '127.0.0.1'): Peer {
    const peer = new Peer(connectTcp({ port, host, allowHalfOpen: true }))
    this.#peers.push(peer)
    return peer
  }

  async connectPeer(port: number, host = '127.0.0.1'): Promise<Peer> {
    const peer = this.startPeer(port, host)
    await this.until('a peer to connect', () => peer.isConnected)
    return peer
  }

  /** An engine that listens, and one peer that it has accepted. */
  async openPair(options: Partial<EngineOptions> = {}): Promise<Pair> {
    const recorder = this.open(options)
    const { port } = await this.listen(recorder)
    const peer = await this.connectPeer(port)
    await this.until('onAccept', () => recorder.accepted.length === 1)
    return { recorder, engine: recorder.engine, peer, slot: recorder.accepted[0], port }
  }

  /** Another accepted peer of an engine that listens. */
  async addPeer(recorder: Recorder, port: number): Promise<{ peer: Peer; slot: Slot }> {
    const before = recorder.accepted.length
    const peer = await this.connectPeer(port)
    await this.until('onAccept', () => recorder.accepted.length === before + 1)
    return { peer, slot: recorder.accepted[before] }
  }

  /** Resolves once the state is reached; says what was waited for if it never is. */
  async until(what: string, isReached: () => boolean): Promise<void> {
    const waitUntilMs = performance.now() + WAIT_MS_MAX
    while (!isReached()) {
      if (performance.now() > waitUntilMs) throw new Error(`waited in vain for ${what}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }

  /**
   * Lets everything happen that is due: a byte goes to and fro over another connection several
   * times, so the engine has gone through turns of its own since. For tests that something does not
   * happen.
   */
  async roundTrips(recorder: Recorder, peer: Peer, slot: Slot): Promise<void> {
    for (let round = 0; round < 5; round++) {
      const { receivedBytes } = peer
      recorder.say(slot, '.')
      recorder.engine.flush()
      await this.until('a round trip', () => peer.receivedBytes > receivedBytes)
    }
  }

  async clear(): Promise<void> {
    for (const peer of this.#peers) peer.socket.destroy()
    await Promise.all(this.#engines.map((engine) => engine.destroy()))
    await this.until('peers to close', () => this.#peers.every((peer) => peer.isClosed))
    this.#engines.length = 0
    this.#peers.length = 0
  }
}

export interface Pair {
  readonly recorder: Recorder
  readonly engine: SocketEngine
  readonly peer: Peer
  readonly slot: Slot
  readonly port: number
}

/** Bytes that differ at every place, so that loss, doubling and swapping all show. */
export function patternBytes(count: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(count)
  let state = seed >>> 0 || 1
  for (let index = 0; index < count; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state
  }
  return bytes
}
