/**
 * Frames to devices, whatever carries them. The body is written once, straight into the engine's
 * outbox, and the carrier's header is put in front; only the readable carrier goes through a
 * scratch buffer, because its text is made from the frame.
 *
 *   const at = output.open(slot, PONG_BYTES_MAX)
 *   output.send(slot, writePong(output.bytes, at))
 */
import { OUTBOX_RESERVE_MAX, type Slot, type SocketEngine } from '../engine/socket-engine.ts'
import { FrameReader } from '../protocol/frame-reader.ts'
import { BYE, byeReason, LIMITS, MSG_FLAG } from '../protocol/frame-types.ts'
import { byeBytesMax, msgBytesMax, writeBye, writeMsg } from '../protocol/frame-writer.ts'
import { jsonFromFrame } from '../protocol/json-frames.ts'
import { LENGTH_BYTES_MAX, writeLengthBefore } from '../protocol/tcp-framing.ts'
import { CONTROL_FRAME_BYTES_MAX, HEADER_BYTES_MAX, OPCODE } from '../protocol/websocket-frame.ts'
import { writeUpgradeRefusal } from '../protocol/websocket-handshake.ts'
import { writeClose, writeHeaderBefore } from '../protocol/websocket-writer.ts'
import type { PayloadSeals } from './payload/payload-seals.ts'
import { CARRIER, type SessionTable } from './session-table.ts'

const UTF8_BYTES_PER_UNIT_MAX = 3
const REFUSAL_BYTES_MAX = 320
/** The head of a MSG and what sealing adds to its payload. */
const SCRATCH_EXTRA_BYTES = 256
/** What a BYE is over HTTP (RFC 9110, 15.5.9; RFC 6585, 4); any other is 503. */
const UPGRADE_REFUSAL_STATUSES: Readonly<Record<number, number>> = {
  [BYE.HANDSHAKE_TIMEOUT]: 408,
  [BYE.RATE_LIMITED]: 429,
}
/** A BYE with all the addresses that fit one, whatever devices may send. */
const BYE_BYTES_MAX = LIMITS.addressCountMax * (LIMITS.addressBytesMax + 2) + 256

export class FrameOutput {
  /** Where open() said to write: the outbox, or the scratch buffer. */
  bytes: Uint8Array
  readonly #engine: SocketEngine
  readonly #sessions: SessionTable
  readonly #seals: PayloadSeals | null
  readonly #scratch: Uint8Array
  readonly #scratchReader = new FrameReader({ from: 'node' })
  readonly #utf8 = new TextEncoder()
  readonly #oneSlot = new Int32Array(1)
  #bodyStart = 0
  #start = 0
  #end = 0

  constructor(
    engine: SocketEngine,
    sessions: SessionTable,
    frameBytesMax: number,
    seals: PayloadSeals | null = null,
  ) {
    this.#seals = seals
    this.#engine = engine
    this.#sessions = sessions
    this.#scratch = new Uint8Array(Math.max(frameBytesMax, BYE_BYTES_MAX) + SCRATCH_EXTRA_BYTES)
    this.bytes = engine.outbox
  }

  /** Offset in `bytes` at which a frame of at most `bodyBytesMax` may be written for the slot. */
  open(slot: Slot, bodyBytesMax: number): number {
    const carrier = this.#sessions.carrierOf[slot]
    if (carrier === CARRIER.WS_JSON) {
      this.bytes = this.#scratch
      this.#bodyStart = 0
    } else {
      const headroom = carrier === CARRIER.TCP ? LENGTH_BYTES_MAX : HEADER_BYTES_MAX
      this.bytes = this.#engine.outbox
      this.#bodyStart = this.#engine.reserve(bodyBytesMax + headroom) + headroom
    }
    return this.#bodyStart
  }

  /** Sends the frame that was written since open(). */
  send(slot: Slot, bodyEnd: number): void {
    if (this.#encode(slot, bodyEnd)) this.#engine.commit(slot, this.#start, this.#end)
  }

  /** MSG with the payload bytes[start, end), sealed where the device has asked for that. */
  sendMsg(
    slot: Slot,
    flags: number,
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#seals?.isSealed(slot)) {
      const sealed = this.#seals.seal(slot, flags, seq, bytes, start, end)
      return this.#sendMsg(slot, flags | MSG_FLAG.SEALED, seq, sealed, 0, sealed.length)
    }
    this.#sendMsg(slot, flags, seq, bytes, start, end)
  }

  /** May a frame be encoded once and sent to this device as to others? */
  isShareable(slot: Slot): boolean {
    return !this.#seals?.isSealed(slot)
  }

  #sendMsg(
    slot: Slot,
    flags: number,
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const at = this.open(slot, msgBytesMax(end - start))
    this.send(slot, writeMsg(this.bytes, at, flags, seq, -1, bytes, start, end))
  }

  /** The last frame of a connection, and the close frame where there is one. The caller closes. */
  sendBye(slot: Slot, code: number, retryAfterMs: number, addresses: readonly string[]): void {
    const reason = byeReason(code)
    const at = this.open(slot, byeBytesMax(reason, addresses) + CONTROL_FRAME_BYTES_MAX)
    const bodyEnd = writeBye(this.bytes, at, code, reason, retryAfterMs, addresses)
    if (!this.#encode(slot, bodyEnd, CONTROL_FRAME_BYTES_MAX)) return
    // In one piece: to a connection whose queue is full the engine sends one last frame, no two.
    const isTcp = this.#sessions.carrierOf[slot] === CARRIER.TCP
    const end = isTcp ? this.#end : writeClose(this.#engine.outbox, this.#end, code, reason)
    this.#engine.commit(slot, this.#start, end)
  }

  /** For a connection that has not asked for its WebSocket yet, or not in full. */
  sendUpgradeRefusal(slot: Slot, code: number, retryAfterMs: number): void {
    const status = UPGRADE_REFUSAL_STATUSES[code] ?? 503
    const retryAfterS = Math.ceil(retryAfterMs / 1000)
    const retryAfter = retryAfterS === 0 ? '' : `Retry-After: ${retryAfterS}\r\n`
    const at = this.#engine.reserve(REFUSAL_BYTES_MAX)
    const { outbox } = this.#engine
    const end = writeUpgradeRefusal(outbox, at, status, byeReason(code), retryAfter)
    this.#engine.commit(slot, at, end)
  }

  sendWebSocketClose(slot: Slot, code: number, reason: string): void {
    const at = this.#engine.reserve(CONTROL_FRAME_BYTES_MAX)
    this.#engine.commit(slot, at, writeClose(this.#engine.outbox, at, code, reason))
  }

  /**
   * A frame in the form of one carrier, in a buffer of its own: encoded once, sent to many.
   * `frame` is type byte and body.
   */
  encodeFor(carrier: number, frame: Uint8Array): Uint8Array {
    if (carrier === CARRIER.WS_JSON) return this.#encodeJson(frame)
    const out = new Uint8Array(HEADER_BYTES_MAX + frame.length)
    out.set(frame, HEADER_BYTES_MAX)
    const start =
      carrier === CARRIER.TCP
        ? writeLengthBefore(out, HEADER_BYTES_MAX, out.length)
        : writeHeaderBefore(out, HEADER_BYTES_MAX, out.length, OPCODE.BINARY)
    return out.subarray(start)
  }

  #encodeJson(frame: Uint8Array): Uint8Array {
    this.#scratchReader.read(frame, 0, frame.length)
    return textMessage(this.#utf8.encode(jsonFromFrame(this.#scratchReader, frame)))
  }

  /**
   * Puts the carrier's header in front: #start and #end are where it lies in the outbox, with room
   * for `tailBytes` behind it. False: it was too large for the outbox, and is sent already.
   */
  #encode(slot: Slot, bodyEnd: number, tailBytes = 0): boolean {
    const carrier = this.#sessions.carrierOf[slot]
    if (carrier === CARRIER.WS_JSON) return this.#encodeText(slot, bodyEnd, tailBytes)
    const { outbox } = this.#engine
    this.#start =
      carrier === CARRIER.TCP
        ? writeLengthBefore(outbox, this.#bodyStart, bodyEnd)
        : writeHeaderBefore(outbox, this.#bodyStart, bodyEnd, OPCODE.BINARY)
    this.#end = bodyEnd
    return true
  }

  #encodeText(slot: Slot, bodyEnd: number, tailBytes: number): boolean {
    this.#scratchReader.read(this.#scratch, 0, bodyEnd)
    const text = jsonFromFrame(this.#scratchReader, this.#scratch)
    const bytesMax = text.length * UTF8_BYTES_PER_UNIT_MAX + HEADER_BYTES_MAX + tailBytes
    if (bytesMax > OUTBOX_RESERVE_MAX) {
      this.#sendLarge(slot, text)
      return false
    }
    const payloadStart = this.#engine.reserve(bytesMax) + HEADER_BYTES_MAX
    const { outbox } = this.#engine
    const { written } = this.#utf8.encodeInto(text, outbox.subarray(payloadStart))
    this.#end = payloadStart + written
    this.#start = writeHeaderBefore(outbox, payloadStart, this.#end, OPCODE.TEXT)
    return true
  }

  /** A large binary payload written as JSON escapes does not fit the outbox. */
  #sendLarge(slot: Slot, text: string): void {
    const message = textMessage(this.#utf8.encode(text))
    this.#oneSlot[0] = slot
    this.#engine.sendSame(this.#oneSlot, 1, message, 0, message.length)
  }
}

function textMessage(text: Uint8Array): Uint8Array {
  const out = new Uint8Array(HEADER_BYTES_MAX + text.length)
  out.set(text, HEADER_BYTES_MAX)
  return out.subarray(writeHeaderBefore(out, HEADER_BYTES_MAX, out.length, OPCODE.TEXT))
}
