/**
 * What nodes tell each other over their channels: many small frames in one message, which is
 * gathered until the end of the loop turn. A message that is lost costs time, never a push: what it
 * told stands in Redis.
 *
 *   bytes u32 │ kind u8 │ body                          bytes counts kind and body
 *
 *   STORED  hash u32 u32 · session f64 · seq f64 · expires at s u32 · mode u8 · payload
 *   DIRECT  hash u32 u32 · session f64 · payload
 *   CLOSE   hash u32 u32 · session f64 · BYE code u16
 *   PULSE   node number u32 · count u32
 *   ASK     request u32 · node name length u8 · node name · JSON length u32 · JSON · payload
 *   ANSWER  request u32 · JSON
 */

const HOP = {
  STORED: 1,
  DIRECT: 2,
  CLOSE: 3,
  PULSE: 4,
  ASK: 5,
  ANSWER: 6,
} as const

const BYTES_AT_START = 4 * 1024
/** Larger buffers are not kept for the next turn. */
const BYTES_KEPT = 1 << 20

export interface HopDevice {
  readonly high: number
  readonly low: number
  readonly session: number
}

/** Told of every frame of a message. Payloads are views into it. */
export interface HopHandler {
  onStored(
    device: HopDevice,
    seq: number,
    expiresAtS: number,
    mode: number,
    payload: Uint8Array,
  ): void
  onDirect(device: HopDevice, payload: Uint8Array): void
  onClose(device: HopDevice, code: number): void
  onPulse(number: number, count: number): void
  onAsk(request: number, from: string, question: unknown, payload: Uint8Array): void
  onAnswer(request: number, answer: unknown): void
}

/** Frames for one node. */
export class HopBatch {
  #bytes = Buffer.allocUnsafe(BYTES_AT_START)
  #end = 0

  get isEmpty(): boolean {
    return this.#end === 0
  }

  get byteCount(): number {
    return this.#end
  }

  addStored(
    device: HopDevice,
    seq: number,
    expiresAtS: number,
    mode: number,
    payload: Uint8Array,
  ): void {
    let at = this.#begin(HOP.STORED, 29 + payload.length)
    at = this.#addDevice(at, device)
    at = this.#bytes.writeDoubleBE(seq, at)
    at = this.#bytes.writeUInt32BE(expiresAtS, at)
    at = this.#bytes.writeUInt8(mode, at)
    this.#bytes.set(payload, at)
  }

  addDirect(device: HopDevice, payload: Uint8Array): void {
    const at = this.#begin(HOP.DIRECT, 16 + payload.length)
    this.#bytes.set(payload, this.#addDevice(at, device))
  }

  addClose(device: HopDevice, code: number): void {
    const at = this.#begin(HOP.CLOSE, 18)
    this.#bytes.writeUInt16BE(code, this.#addDevice(at, device))
  }

  addPulse(number: number, count: number): void {
    const at = this.#begin(HOP.PULSE, 8)
    this.#bytes.writeUInt32BE(count >>> 0, this.#bytes.writeUInt32BE(number >>> 0, at))
  }

  addAsk(request: number, from: string, question: unknown, payload: Uint8Array): void {
    const name = Buffer.from(from)
    const text = Buffer.from(JSON.stringify(question))
    let at = this.#begin(HOP.ASK, 9 + name.length + text.length + payload.length)
    at = this.#bytes.writeUInt32BE(request, at)
    at = this.#bytes.writeUInt8(name.length, at)
    this.#bytes.set(name, at)
    at = this.#bytes.writeUInt32BE(text.length, at + name.length)
    this.#bytes.set(text, at)
    this.#bytes.set(payload, at + text.length)
  }

  addAnswer(request: number, answer: unknown): void {
    const text = Buffer.from(JSON.stringify(answer))
    const at = this.#begin(HOP.ANSWER, 4 + text.length)
    this.#bytes.set(text, this.#bytes.writeUInt32BE(request, at))
  }

  /** What was gathered; it is the caller's until take() is called again. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#end))
    this.#end = 0
    if (this.#bytes.length > BYTES_KEPT) this.#bytes = Buffer.allocUnsafe(BYTES_AT_START)
    return taken
  }

  #begin(kind: number, bodyBytes: number): number {
    const end = this.#end + 5 + bodyBytes
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#end)
      this.#bytes = larger
    }
    const at = this.#bytes.writeUInt32BE(1 + bodyBytes, this.#end)
    this.#end = end
    return this.#bytes.writeUInt8(kind, at)
  }

  #addDevice(at: number, { high, low, session }: HopDevice): number {
    const next = this.#bytes.writeUInt32BE(low >>> 0, this.#bytes.writeUInt32BE(high >>> 0, at))
    return this.#bytes.writeDoubleBE(session, next)
  }
}

/** One object for all frames: the device is read before the next frame is. */
const device = { high: 0, low: 0, session: 0 }

/** Frames of kinds that are not known are skipped: a newer node sends them. */
export function readHops(message: Buffer, handler: HopHandler): void {
  let at = 0
  while (at + 5 <= message.length) {
    const end = at + 4 + message.readUInt32BE(at)
    if (end > message.length) return
    readFrame(message[at + 4], message.subarray(at + 5, end), handler)
    at = end
  }
}

function readFrame(kind: number, body: Buffer, handler: HopHandler): void {
  switch (kind) {
    case HOP.STORED: {
      readDevice(body)
      const expiresAtS = body.readUInt32BE(24)
      handler.onStored(device, body.readDoubleBE(16), expiresAtS, body[28], body.subarray(29))
      break
    }
    case HOP.DIRECT:
      readDevice(body)
      handler.onDirect(device, body.subarray(16))
      break
    case HOP.CLOSE:
      readDevice(body)
      handler.onClose(device, body.readUInt16BE(16))
      break
    case HOP.PULSE:
      handler.onPulse(body.readUInt32BE(0), body.readUInt32BE(4))
      break
    case HOP.ASK:
      readAsk(body, handler)
      break
    case HOP.ANSWER:
      handler.onAnswer(body.readUInt32BE(0), JSON.parse(body.subarray(4).toString()))
      break
  }
}

function readDevice(body: Buffer): void {
  device.high = body.readUInt32BE(0)
  device.low = body.readUInt32BE(4)
  device.session = body.readDoubleBE(8)
}

function readAsk(body: Buffer, handler: HopHandler): void {
  const nameEnd = 5 + body[4]
  const textEnd = nameEnd + 4 + body.readUInt32BE(nameEnd)
  const question: unknown = JSON.parse(body.subarray(nameEnd + 4, textEnd).toString())
  const from = body.subarray(5, nameEnd).toString()
  handler.onAsk(body.readUInt32BE(0), from, question, body.subarray(textEnd))
}
