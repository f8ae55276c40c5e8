/**
 * A real shard on a MemoryEngine, and a main thread that lets nearly everybody in. Whatever the
 * shard says is read as a device would: each answer must be whole frames, and nothing but a BYE of
 * docs/protocol.md, a close frame or an HTTP status may end a connection that its device keeps.
 */
import { CLOSE_REASON } from '../../../src/engine/socket-engine.ts'
import { FrameReader } from '../../../src/protocol/frame-reader.ts'
import { BYE, FRAME } from '../../../src/protocol/frame-types.ts'
import { frameFromJson } from '../../../src/protocol/json-frames.ts'
import { TCP_EVENT, TcpFraming } from '../../../src/protocol/tcp-framing.ts'
import { WEBSOCKET_EVENT, WebSocketReader } from '../../../src/protocol/websocket-reader.ts'
import { Shard } from '../../../src/server/shard.ts'
import type { ShardConfiguration, ShardDown, ShardUp } from '../../../src/server/shard-messages.ts'
import { ROW_BYTES } from '../../../src/server/upstream/upstream-messages.ts'
import type { CarrierName } from '../device-peer.ts'
import type { Dice } from './fuzz-settings.ts'
import { MemoryEngine } from './memory-engine.ts'

export const FRAME_BYTES_MAX = 2_048
/** An upgrade head is the longest thing that may be unfinished. */
const KEPT_BYTES_MAX = 8 * 1024
const OUTPUT_BYTES_MAX = 1 << 20
const BYE_CODES: ReadonlySet<number> = new Set(Object.values(BYE))
const CLOSE_CODES: ReadonlySet<number> = new Set([1000, 1002, 1007, 1009])
const HANDSHAKE_MS = 10_000
const TCP_LISTENER = 0
const WS_LISTENER = 1

type Hellos = Extract<ShardUp, { kind: 'hellos' }>

export class FuzzedShard {
  readonly engine: MemoryEngine
  /** By the code or status with which the node ended a connection. */
  readonly ends = new Map<number, number>()
  readonly #dice: Dice
  readonly #shard: Shard
  readonly #carriers: CarrierName[] = []
  readonly #statuses: number[] = []
  readonly #lastCodes: number[] = []
  readonly #tcp = new TcpFraming(OUTPUT_BYTES_MAX)
  readonly #reader = new FrameReader({ from: 'node' })
  readonly #webSocket = new WebSocketReader({ role: 'client', messageBytesMax: OUTPUT_BYTES_MAX })
  readonly #scratch = new Uint8Array(OUTPUT_BYTES_MAX)
  #hellos: Hellos[] = []
  #sessions = 0

  private constructor(dice: Dice, capacity: number) {
    this.#dice = dice
    let engine: MemoryEngine | undefined
    this.#shard = new Shard(
      configurationOf(capacity),
      (message) => this.#onMessage(message),
      (options, handler) => (engine = new MemoryEngine(options, handler, KEPT_BYTES_MAX)),
    )
    this.engine = engine!
    this.engine.onSent = (slot, bytes) => this.#onSent(slot, bytes)
    this.engine.onGivenUp = (slot) => this.#onGivenUp(slot)
  }

  static async open(dice: Dice, capacity: number): Promise<FuzzedShard> {
    const fuzzed = new FuzzedShard(dice, capacity)
    await fuzzed.#shard.start()
    return fuzzed
  }

  async close(): Promise<void> {
    await this.#shard.stop()
  }

  get totals() {
    return this.#shard.sample(false).totals
  }

  /** The status of the upgrade, 0 before the answer. */
  statusOf(slot: number): number {
    return this.#statuses[slot]!
  }

  accept(slot: number, carrier: CarrierName): void {
    this.#carriers[slot] = carrier
    this.#statuses[slot] = 0
    this.#lastCodes[slot] = 0
    this.engine.accept(slot, carrier === 'tcp' ? TCP_LISTENER : WS_LISTENER)
  }

  /** The device goes away; nothing where the node was first. */
  leave(slot: number): void {
    const { PEER_END, PEER_RESET } = CLOSE_REASON
    if (this.engine.isOpen(slot)) this.engine.end(slot, this.#dice.of([PEER_END, PEER_RESET]))
  }

  receive(slots: readonly number[], chunks: readonly Uint8Array[]): void {
    this.engine.receive(slots, chunks)
    while (this.#hellos.length > 0) {
      for (const hellos of this.#hellos.splice(0)) this.#shard.onMessage(this.#verdictsOn(hellos))
    }
    for (const slot of slots) if (this.engine.isOpen(slot)) this.engine.checkKept(slot)
  }

  #verdictsOn({ slots, generations }: Hellos): ShardDown {
    return {
      kind: 'verdicts',
      slots,
      generations,
      codes: Uint16Array.from(slots, () => (this.#dice.is(0.02) ? BYE.UNAUTHORIZED : 0)),
      sessionIds: Uint32Array.from(slots, () => ++this.#sessions),
      resumed: Uint8Array.from(slots, () => this.#dice.below(2)),
      inboxSeqs: new Float64Array(slots.length),
    }
  }

  #onMessage(message: ShardUp): void {
    if (message.kind === 'hellos') this.#hellos.push(message)
    if (message.kind !== 'upstream') return
    const { slots, generations, requestIds, texts } = message
    const asking = [...slots.keys()].filter((row) => requestIds[row] !== 0)
    const answers: ShardDown = {
      kind: 'sent',
      answeredBytes: texts.length + slots.length * ROW_BYTES,
      slots: Int32Array.from(asking, (row) => slots[row]!),
      generations: Uint16Array.from(asking, (row) => generations[row]!),
      requestIds: Float64Array.from(asking, (row) => requestIds[row]!),
      statuses: new Uint8Array(asking.length),
    }
    setImmediate(() => this.#shard.onMessage(answers))
  }

  #onSent(slot: number, bytes: Uint8Array): void {
    if (this.#carriers[slot] === 'tcp') return this.#readTcp(slot, bytes)
    if (this.#statuses[slot] === 0) {
      const head = Buffer.from(bytes).toString('latin1')
      const status = /^HTTP\/1\.1 (\d{3}) .*\r\n[^]*\r\n\r\n/.exec(head)?.[1]
      if (status === undefined) throw new Error(`no answer to an upgrade: ${head}`)
      this.#statuses[slot] = Number(status)
    } else this.#readWebSocket(slot, bytes)
  }

  #readTcp(slot: number, bytes: Uint8Array): void {
    let at = 0
    while (this.#tcp.next(bytes, at, bytes.length) === TCP_EVENT.FRAME) {
      this.#readFrame(slot, bytes, this.#tcp.bodyStart, this.#tcp.bodyEnd)
      at = this.#tcp.bodyEnd
    }
    if (at !== bytes.length) throw new Error('an answer is no whole frames')
  }

  #readWebSocket(slot: number, bytes: Uint8Array): void {
    const reader = this.#webSocket
    reader.begin(bytes, 0, bytes.length, 0, 0)
    for (;;) {
      const event = reader.next()
      if (event === WEBSOCKET_EVENT.NEED_MORE) break
      const { payloadStart, payloadEnd } = reader
      if (event === WEBSOCKET_EVENT.FAULT)
        throw new Error(`an answer is no frames: ${reader.fault}`)
      if (event === WEBSOCKET_EVENT.BINARY) this.#readFrame(slot, bytes, payloadStart, payloadEnd)
      else if (event === WEBSOCKET_EVENT.TEXT) this.#readJson(slot, bytes, payloadStart, payloadEnd)
      else if (event === WEBSOCKET_EVENT.CLOSE) this.#lastCodes[slot] = reader.closeCode
    }
    if (reader.keepFrom !== bytes.length) throw new Error('an answer is no whole frames')
  }

  #readJson(slot: number, bytes: Uint8Array, start: number, end: number): void {
    const frameEnd = frameFromJson(bytes, start, end, this.#scratch, 0, OUTPUT_BYTES_MAX)
    if (typeof frameEnd !== 'number') throw new Error(`no frame in JSON: ${frameEnd.message}`)
    this.#readFrame(slot, this.#scratch, 0, frameEnd)
  }

  #readFrame(slot: number, bytes: Uint8Array, start: number, end: number): void {
    const reader = this.#reader
    if (!reader.read(bytes, start, end)) throw new Error(`an answer is no frame: ${reader.fault}`)
    if (reader.type === FRAME.BYE) this.#lastCodes[slot] = reader.code
  }

  #onGivenUp(slot: number): void {
    const status = this.#statuses[slot]!
    const code = this.#carriers[slot] === 'tcp' || status === 101 ? this.#lastCodes[slot]! : status
    // A close of the device is answered with its own code, and so is one for nothing (RFC 6455).
    const isKnown = BYE_CODES.has(code) || CLOSE_CODES.has(code) || (code >= 400 && code < 500)
    if (!isKnown && !isEcho(code)) throw new Error(`a connection ended with ${code}`)
    this.ends.set(code, (this.ends.get(code) ?? 0) + 1)
  }
}

function isEcho(closeCode: number): boolean {
  return (closeCode >= 1000 && closeCode <= 1014) || (closeCode >= 3000 && closeCode < 5000)
}

function configurationOf(capacity: number): ShardConfiguration {
  return {
    index: 0,
    engine: 'node',
    capacity,
    listeners: [
      { carrier: 'tcp', host: '127.0.0.1', port: 0 },
      { carrier: 'ws', host: '127.0.0.1', port: 0 },
    ],
    reusePort: false,
    backlog: 1,
    limits: {
      frameBytesMax: FRAME_BYTES_MAX,
      handshakeMs: HANDSHAKE_MS,
      sendQueueBytesMax: 256 * 1024,
      bufferedBytesMax: 64 << 20,
    },
    heartbeatSecondsMin: 30,
    heartbeatSecondsMax: 480,
    hashKey: new Uint32Array([1, 2, 3, 4]),
    bootId: 7,
    loopLagTickMs: 10,
    broadcastPerSecond: 0,
    upstream: { deviceEvents: true },
  }
}
