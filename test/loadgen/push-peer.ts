/**
 * A push node for tests, on node:net and written from docs/protocol.md alone, so that the generator
 * is checked against something that shares no code with it. It can misbehave on purpose.
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export interface PushPeerOptions {
  /** What a HELLO gets. */
  readonly greeting?: 'welcome' | 'bye' | 'silence' | 'garbage'
  readonly heartbeatSeconds?: number
  /** What is sent back for a SEND, in order. Default: its payload once. */
  readonly echo?: (payload: Buffer, nth: number) => readonly Buffer[]
}

export class PushPeer {
  readonly deviceIds: string[] = []
  readonly sockets = new Set<Socket>()
  pings = 0
  sends = 0
  connected = 0
  #server: Server
  #waiters: (() => void)[] = []
  readonly #options: PushPeerOptions

  constructor(options: PushPeerOptions = {}) {
    this.#options = options
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async start(options: PushPeerOptions = {}): Promise<PushPeer> {
    const peer = new PushPeer(options)
    peer.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
    await once(peer.#server, 'listening')
    return peer
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.port}`
  }

  /** Resolves when the condition holds; looks again after each thing that happens here. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  push(payload: Buffer): void {
    for (const socket of this.sockets) socket.write(frame(0x83, [0, 0], payload))
  }

  /** A BYE to all. */
  sendAway(code: number, reason: string): void {
    for (const socket of this.sockets) socket.end(bye(code, reason))
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(socket: Socket): void {
    this.connected += 1
    this.sockets.add(socket)
    let kept = Buffer.alloc(0)
    socket.on('data', (bytes) => {
      kept = Buffer.concat([kept, bytes])
      for (;;) {
        const length = varint(kept, 0)
        if (length === null || kept.length < length.end + length.value) break
        this.#onFrame(socket, kept.subarray(length.end, length.end + length.value))
        kept = kept.subarray(length.end + length.value)
      }
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.sockets.delete(socket)
      this.#wake()
    })
    this.#wake()
  }

  #onFrame(socket: Socket, body: Buffer): void {
    const { greeting = 'welcome', heartbeatSeconds = 300 } = this.#options
    const type = body[0]
    if (type === 0x01) {
      this.deviceIds.push(deviceIdOf(body))
      if (greeting === 'welcome') socket.write(welcome(heartbeatSeconds))
      else if (greeting === 'garbage') socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
      else if (greeting === 'bye') {
        socket.end(bye(4003, 'unauthorized'))
      }
    } else if (type === 0x02) {
      this.pings += 1
      socket.write(frame(0x82, [], Buffer.alloc(0)))
    } else if (type === 0x05) {
      this.#echo(socket, body)
    }
  }

  #echo(socket: Socket, body: Buffer): void {
    let at = (varint(body, 1) as Varint).end
    for (let text = 0; text < 2; text++) {
      const length = varint(body, at) as Varint
      at = length.end + length.value
    }
    const payload = Buffer.from(body.subarray(at))
    this.sends += 1
    const answers = this.#options.echo?.(payload, this.sends) ?? [payload]
    for (const answer of answers) socket.write(frame(0x83, [0, 0], answer))
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }
}

interface Varint {
  readonly value: number
  readonly end: number
}

function varint(bytes: Buffer, at: number): Varint | null {
  let value = 0
  for (let index = at; index < bytes.length; index++) {
    value += (bytes[index] & 0x7f) * 2 ** (7 * (index - at))
    if (bytes[index] < 0x80) return { value, end: index + 1 }
  }
  return null
}

/** code u16, reason, retryAfterMs, no addresses. */
function bye(code: number, reason: string): Buffer {
  const head = [code >> 8, code & 0xff, reason.length]
  return frame(0x85, [], Buffer.from([...head, ...Buffer.from(reason), 0, 0]))
}

function frame(type: number, head: readonly number[], payload: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from([type, ...head]), payload])
  return Buffer.concat([Buffer.from(varintOf(body.length)), body])
}

function varintOf(value: number): number[] {
  const bytes = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 0x80)
  }
}

/** flags, heartbeat, serverTimeMs u64, inboxSeq, broadcastSeq, sessionId u64. */
function welcome(heartbeatSeconds: number): Buffer {
  const fields = [0, ...varintOf(heartbeatSeconds), 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
  return frame(0x81, fields, Buffer.alloc(8, 1))
}

/** version, flags, network, then three varints, then the id. */
function deviceIdOf(body: Buffer): string {
  let at = 4
  for (let field = 0; field < 3; field++) at = (varint(body, at) as Varint).end
  const length = varint(body, at) as Varint
  return body.toString('utf8', length.end, length.end + length.value)
}
