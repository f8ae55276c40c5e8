/**
 * Sockets that read only when they are told to. No engine can leave bytes in the kernel, which is
 * what makes a reader slow for its peer, so bad clients have node:net sockets of their own behind
 * the engine's interface: drivers greet and decode over them as over any other. The price is some
 * 4 KB an object a client; bytes are read into two buffers that all clients share, and what is left
 * of a frame is copied.
 */
import { connect, type Socket } from 'node:net'
import type {
  ConnectOptions,
  EngineCounters,
  Listener,
  Slot,
  SocketEngine,
} from '../../engine/socket-engine.ts'
import { OUTBOX_RESERVE_MAX } from '../../engine/socket-engine.ts'

const READ_BYTES = 64 * 1024
const NOTHING: Uint8Array = new Uint8Array(0)

/** NONE: never; SOME: a small piece for each read(); ALL: whatever comes. */
export const READS = { NONE: 0, SOME: 1, ALL: 2 } as const
export type Reads = (typeof READS)[keyof typeof READS]

export interface ReluctantHandler {
  onConnect(slot: Slot): void
  /** Reads bytes[start, end); returns from where they must be presented again. */
  onBytes(slot: Slot, bytes: Uint8Array, start: number, end: number): number
  /** The other side ended it; `cause` as failures are named. */
  onClose(slot: Slot, cause: string): void
}

export class ReluctantSockets implements SocketEngine {
  readonly kind = 'node'
  readonly capacity: number
  readonly outbox: Uint8Array = new Uint8Array(OUTBOX_RESERVE_MAX)
  readonly bufferedBytes = 0
  readonly counters: EngineCounters = {
    accepted: 0,
    connected: 0,
    connectFailed: 0,
    closed: 0,
    bytesReceived: 0,
    bytesSent: 0,
    bytesCommitted: 0,
    acceptsDeferred: 0,
  }
  readonly #handler: ReluctantHandler
  readonly #sockets: (Socket | null)[]
  /** What it commits is not sent. */
  readonly #isMute: Uint8Array
  readonly #reads: Uint8Array
  readonly #generation: Uint16Array
  /** Bytes of a frame that is not complete. */
  readonly #kept: Uint8Array[]
  readonly #large = new Uint8Array(READ_BYTES)
  readonly #small: Uint8Array

  /** @param smallBytes that a slow reader takes at a time */
  constructor(capacity: number, smallBytes: number, handler: ReluctantHandler) {
    this.capacity = capacity
    this.#handler = handler
    this.#small = new Uint8Array(Math.min(READ_BYTES, Math.max(1, smallBytes)))
    this.#sockets = new Array<Socket | null>(capacity).fill(null)
    this.#isMute = new Uint8Array(capacity)
    this.#reads = new Uint8Array(capacity)
    this.#generation = new Uint16Array(capacity)
    this.#kept = new Array<Uint8Array>(capacity).fill(NOTHING)
  }

  get openCount(): number {
    return this.#sockets.reduce((sum, socket) => sum + (socket === null ? 0 : 1), 0)
  }

  open(slot: Slot, { host, port, source }: ConnectOptions, reads: Reads): void {
    const buffer = reads === READS.SOME ? this.#small : this.#large
    this.#reads[slot] = reads
    const onBytes = (bytes: number, from: Uint8Array): boolean => {
      this.#take(slot, from.subarray(0, bytes))
      return this.#reads[slot] === READS.ALL
    }
    const socket = connect({
      host,
      port,
      noDelay: true,
      ...(source === undefined ? {} : { localAddress: source.host }),
      onread: { buffer, callback: onBytes },
    })
    if (reads !== READS.ALL) socket.pause()
    this.#sockets[slot] = socket
    this.#isMute[slot] = 0
    this.#kept[slot] = NOTHING
    socket.on('connect', () => {
      if (this.#sockets[slot] === socket) this.#handler.onConnect(slot)
    })
    socket.on('end', () => this.#onEnd(slot, socket, 'peer-end'))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      // What a write sees after a reset that was not read.
      this.#onEnd(slot, socket, code === 'EPIPE' ? 'ECONNRESET' : (code ?? 'socket-error'))
    })
    socket.on('close', () => this.#onEnd(slot, socket, 'peer-end'))
  }

  /** What is committed is thrown away. */
  mute(slot: Slot): void {
    this.#isMute[slot] = 1
  }

  /** From NONE to ALL and back; it takes no other buffer. */
  setReads(slot: Slot, reads: Reads): void {
    this.#reads[slot] = reads
    if (reads === READS.ALL) this.#sockets[slot]?.resume()
  }

  /** Of those that read SOME: takes the next piece. */
  read(slot: Slot): void {
    const socket = this.#sockets[slot]
    if (socket !== null && !socket.connecting) socket.resume()
  }

  reserve(): number {
    return 0
  }

  commit(slot: Slot, start: number, end: number): void {
    const socket = this.#sockets[slot]
    if (socket === null || this.#isMute[slot] === 1) return
    // A copy: the outbox is written over, and the socket may have to wait.
    socket.write(this.outbox.slice(start, end))
  }

  flush(): void {}

  close(slot: Slot): void {
    this.#letGo(slot)?.destroy()
  }

  /** As a device does that has lost its network and its state: with a reset. */
  abort(slot: Slot): void {
    this.#letGo(slot)?.resetAndDestroy()
  }

  isOpen(slot: Slot): boolean {
    return this.#sockets[slot] !== null
  }

  generationOf(slot: Slot): number {
    return this.#generation[slot]
  }

  queuedBytesOf(): number {
    return 0
  }

  peerOf(): string {
    return ''
  }

  localOf(): string {
    return ''
  }

  async destroy(): Promise<void> {
    for (let slot = 0; slot < this.capacity; slot++) this.abort(slot)
  }

  connect(): number {
    return 0
  }

  async listen(): Promise<Listener> {
    throw new Error('bad clients do not listen')
  }

  closeListener(): void {}
  pauseAccept(): void {}
  resumeAccept(): void {}
  setAcceptQuota(): void {}
  sendSame(): void {}
  redeliver(): void {}

  #take(slot: Slot, bytes: Uint8Array): void {
    const kept = this.#kept[slot]
    const all = kept.length === 0 ? bytes : Buffer.concat([kept, bytes])
    const keepFrom = this.#handler.onBytes(slot, all, 0, all.length)
    this.#kept[slot] = keepFrom >= all.length ? NOTHING : all.slice(keepFrom)
  }

  #onEnd(slot: Slot, socket: Socket, cause: string): void {
    if (this.#sockets[slot] !== socket) return
    this.#letGo(slot)
    socket.destroy()
    this.#handler.onClose(slot, cause)
  }

  #letGo(slot: Slot): Socket | null {
    const socket = this.#sockets[slot]
    this.#sockets[slot] = null
    this.#kept[slot] = NOTHING
    this.#generation[slot] += 1
    return socket
  }
}
