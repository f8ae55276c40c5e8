/**
 * Frames as a device sends them on each carrier, right or almost right: a pool of good ones, of
 * which a share is spoilt in the frame, in its JSON text, or in what carries it.
 */
import { FrameReader } from '../../../src/protocol/frame-reader.ts'
import * as writer from '../../../src/protocol/frame-writer.ts'
import { jsonFromFrame } from '../../../src/protocol/json-frames.ts'
import { LENGTH_BYTES_MAX, writeLengthBefore } from '../../../src/protocol/tcp-framing.ts'
import { writeVarint } from '../../../src/protocol/varint.ts'
import { FIN_BIT, HEADER_BYTES_MAX, OPCODE } from '../../../src/protocol/websocket-frame.ts'
import { writeHeaderBefore } from '../../../src/protocol/websocket-writer.ts'
import { binaryFrame, type CarrierName } from '../device-peer.ts'
import type { Dice } from './fuzz-settings.ts'
import { joined, mutated } from './fuzzed-bytes.ts'

const POOL_FRAMES = 400
const NUMBERS = [0, 1, 127, 128, 300, 16_384, 2 ** 32, Number.MAX_SAFE_INTEGER]
const TEXTS = ['a', 'echo', 'shop', 'news', 'é\u{1f600}', 'x'.repeat(128), '']
/** Above the limit of the shard, by little and by much. */
const TOO_LARGE = [2_049, 4_000, 9_000]
const CONTROLS = [OPCODE.PING, OPCODE.PONG, OPCODE.CLOSE, OPCODE.CONTINUATION, 3, 11]
const SPOILT_TEXTS = [
  ['":', '"'],
  ['"', ''],
  ['}', ''],
  ['{', '[{'],
  [',', ',,'],
  [':', ':-'],
  [':', ':1e999,"x":'],
  [':', ':null,"x":'],
  [':', `:${'['.repeat(40)}`],
  ['{', `{"x":${'{"y":'.repeat(9)}1${'}'.repeat(9)},`],
  ['{', '{"__proto__":{"type":"PING"},'],
  ['type', 'typ\\u0065'],
  ['"', '"\\ud800'],
] as const

export class FuzzedFrames {
  readonly #dice: Dice
  readonly #pool: Uint8Array[]
  readonly #texts: string[]
  readonly #hellos: Uint8Array[]

  constructor(dice: Dice) {
    this.#dice = dice
    this.#hellos = Array.from({ length: 50 }, () => this.#hello())
    const foreign = Array.from({ length: 8 }, () => this.#foreignFrame())
    this.#pool = Array.from({ length: POOL_FRAMES }, () => this.#frame()).concat(foreign)
    this.#texts = [...this.#hellos, ...this.#pool].map(textOf).filter((text) => text !== '')
  }

  /** A HELLO that lets its device in. */
  hello(carrier: CarrierName): Uint8Array {
    const frame = this.#dice.of(this.#hellos)
    return this.#carried(carrier, carrier === 'push.v1.json' ? encode(textOf(frame)) : frame)
  }

  /** One whose device id is empty or too long. */
  namelessHello(carrier: CarrierName): Uint8Array {
    const length = this.#dice.of([0, 129, 300])
    const hello = { type: 'HELLO', deviceId: 'd'.repeat(length) }
    if (carrier === 'push.v1.json') return this.#carried(carrier, encode(JSON.stringify(hello)))
    return this.#carried(carrier, binaryFrame(hello))
  }

  /** The next frame of a device that spoils this share of them. */
  next(carrier: CarrierName, share: number): Uint8Array {
    const dice = this.#dice
    const isSpoilt = dice.is(share)
    const where = isSpoilt ? dice.below(3) : 0
    const body = this.#body(carrier, isSpoilt && where < 2)
    if (where < 2) return this.#carried(carrier, body)
    if (carrier === 'tcp') return this.#spoiltTcp(body)
    return this.#spoiltWebSocket(carrier, body)
  }

  #body(carrier: CarrierName, isSpoilt: boolean): Uint8Array {
    const dice = this.#dice
    if (carrier !== 'push.v1.json') {
      const frame = dice.is(0.02) ? dice.of(this.#hellos) : dice.of(this.#pool)
      return isSpoilt ? mutated(frame, dice) : frame
    }
    const text = dice.of(this.#texts)
    if (!isSpoilt) return encode(text)
    if (dice.is(0.4)) return mutated(encode(text), dice)
    const [found, put] = dice.of(SPOILT_TEXTS)
    const parts = text.split(found)
    const at = 1 + dice.below(parts.length)
    return encode(parts.slice(0, at).join(found) + put + parts.slice(at).join(found))
  }

  #carried(carrier: CarrierName, body: Uint8Array): Uint8Array {
    if (carrier === 'tcp') return tcp(body)
    const opcode = carrier === 'push.v1' ? OPCODE.BINARY : OPCODE.TEXT
    if (!this.#dice.is(0.1)) return webSocket(opcode, body, this.#key())
    return this.#fragmented(opcode, body)
  }

  #spoiltTcp(body: Uint8Array): Uint8Array {
    const dice = this.#dice
    if (dice.is(0.3)) return mutated(tcp(body), dice)
    const length = new Uint8Array(16)
    const end = writeVarint(length, 0, dice.is(0.5) ? dice.of(NUMBERS) : dice.below(4_000))
    return joined(length.subarray(0, end), body)
  }

  #spoiltWebSocket(carrier: CarrierName, body: Uint8Array): Uint8Array {
    const dice = this.#dice
    const right = carrier === 'push.v1' ? OPCODE.BINARY : OPCODE.TEXT
    switch (dice.below(7)) {
      case 0:
        return mutated(webSocket(right, body, this.#key()), dice)
      case 5:
        return this.#tooLarge(right)
      case 1:
        return webSocket(dice.of(CONTROLS), body.slice(0, dice.below(140)), this.#key())
      case 2:
        return webSocket(right === OPCODE.TEXT ? OPCODE.BINARY : OPCODE.TEXT, body, this.#key())
      case 3:
        return webSocket(right, body)
      case 4: {
        const close = joined(Uint8Array.of(dice.below(24), dice.below(256)), dice.bytes(4))
        return webSocket(OPCODE.CLOSE, close.slice(0, dice.below(7)), this.#key())
      }
      default: {
        const frame = webSocket(right, body, this.#key())
        frame[0] = dice.below(256)
        return frame
      }
    }
  }

  /** At once, or in fragments that are not too large each. */
  #tooLarge(opcode: number): Uint8Array {
    const dice = this.#dice
    const size = dice.of(TOO_LARGE)
    const body = dice.bytes(16)
    if (dice.is(0.5)) return webSocket(opcode, repeated(body, size), this.#key())
    const parts = Array.from({ length: 5 }, (_, index) => {
      const code = index === 0 ? opcode : OPCODE.CONTINUATION
      const part = webSocket(code, repeated(body, Math.ceil(size / 4)), this.#key())
      part[0]! &= ~FIN_BIT
      return part
    })
    return joined(...parts)
  }

  /** In parts, some empty, with a ping between: a message like any other. */
  #fragmented(opcode: number, body: Uint8Array): Uint8Array {
    const dice = this.#dice
    const cut = dice.below(body.length + 1)
    const first = webSocket(opcode, body.slice(0, cut), this.#key())
    first[0]! &= ~FIN_BIT
    const ping = webSocket(OPCODE.PING, dice.bytes(dice.below(20)), this.#key())
    const last = webSocket(OPCODE.CONTINUATION, body.slice(cut), this.#key())
    if (dice.is(0.5)) return joined(first, ping, last)
    const middle = webSocket(OPCODE.CONTINUATION, new Uint8Array(0), this.#key())
    middle[0]! &= ~FIN_BIT
    return joined(first, middle, last)
  }

  #key(): number {
    return this.#dice.below(2 ** 32)
  }

  #hello(): Uint8Array {
    const dice = this.#dice
    const id = `device-${dice.below(1e6)}`.padEnd(1 + dice.below(128), 'd').slice(0, 128)
    const tags = Array.from({ length: dice.below(33) }, (_, at) => `${at} ${dice.of(TEXTS)}`)
    const shorter = tags.map((tag) => tag.slice(0, 100))
    const fields = writer.helloFields(id, 't'.repeat(dice.below(40)), shorter, {
      flags: dice.below(256),
      network: dice.below(9),
      heartbeatSeconds: dice.of(NUMBERS),
      inboxSeq: dice.of(NUMBERS),
      broadcastSeq: dice.of(NUMBERS),
    })
    return written(writer.helloBytesMax(fields), (out) => writer.writeHello(out, 0, fields))
  }

  #frame(): Uint8Array {
    const dice = this.#dice
    const [number, other] = [dice.of(NUMBERS), dice.of(NUMBERS)]
    const stream = dice.below(2)
    switch (dice.below(6)) {
      case 0:
        return written(writer.PING_BYTES_MAX, (out) => writer.writePing(out, 0))
      case 1:
        return written(writer.PING_BYTES_MAX, (out) => writer.writePing(out, 0, number))
      case 2:
        return written(writer.ACK_BYTES_MAX, (out) => writer.writeAck(out, 0, stream, number))
      case 3:
        return written(writer.PULL_BYTES_MAX, (out) =>
          writer.writePull(out, 0, stream, number, other),
        )
      case 4: {
        const tag = `${dice.of(TEXTS).slice(0, 60)}${dice.below(6)}`
        return written(writer.bindBytesMax(tag), (out) => writer.writeBind(out, 0, stream, tag))
      }
      default: {
        const payload = dice.bytes(dice.below(dice.is(0.1) ? 1_500 : 80))
        const send = {
          requestId: number,
          product: Buffer.from(dice.of(TEXTS)),
          route: Buffer.from(dice.of(TEXTS)),
          payload,
          payloadStart: 0,
          payloadEnd: payload.length,
        }
        return written(writer.sendBytesMax(send), (out) => writer.writeSend(out, 0, send))
      }
    }
  }

  /** What only a node may send. */
  #foreignFrame(): Uint8Array {
    const payload = this.#dice.bytes(9)
    if (this.#dice.is(0.5)) return written(50, (out) => writer.writeBye(out, 0, 4000, 'why'))
    return written(50, (out) => writer.writeMsg(out, 0, 1, 7, -1, payload, 0, 9))
  }
}

function written(bytesMax: number, write: (out: Uint8Array) => number): Uint8Array {
  const out = new Uint8Array(bytesMax)
  return out.slice(0, write(out))
}

function repeated(bytes: Uint8Array, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => bytes[at % bytes.length]!)
}

function tcp(body: Uint8Array): Uint8Array {
  const out = new Uint8Array(LENGTH_BYTES_MAX + body.length)
  out.set(body, LENGTH_BYTES_MAX)
  return out.slice(writeLengthBefore(out, LENGTH_BYTES_MAX, out.length))
}

/** Without a key it is not masked, as a client must not send it. */
function webSocket(opcode: number, body: Uint8Array, maskKey?: number): Uint8Array {
  const out = new Uint8Array(HEADER_BYTES_MAX + body.length)
  out.set(body, HEADER_BYTES_MAX)
  return out.slice(writeHeaderBefore(out, HEADER_BYTES_MAX, out.length, opcode, maskKey))
}

const reader = new FrameReader({ from: 'device' })
const encoder = new TextEncoder()

function encode(text: string): Uint8Array {
  return encoder.encode(text)
}

/** '' for a frame that no device may send. */
function textOf(frame: Uint8Array): string {
  return reader.read(frame, 0, frame.length) ? jsonFromFrame(reader, frame) : ''
}
