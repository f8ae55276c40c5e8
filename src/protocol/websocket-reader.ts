/**
 * Reads WebSocket messages (RFC 6455, both roles) out of a byte region, in place. One reader serves
 * a shard; what a connection needs between two receives is two numbers, `assembledBytes` and
 * `fragmentOpcode`, in columns of the caller.
 *
 *   region:  │ payload of an unfinished message, unmasked │ raw bytes as received … │
 *            start      (assembledBytes)                                          end
 *
 * A fragment's payload is moved down behind the ones before it, so a message is one range when it
 * is complete; at the end the assembled bytes move up against the raw rest, once per receive,
 * whatever number of fragments there were. Both cost a copy only where a peer fragments. A message
 * is announced when its last byte is there, never in parts.
 */
import { isUtf8Range } from './utf8.ts'
import {
  CLOSE_CODE,
  CONTROL_BIT,
  CONTROL_PAYLOAD_BYTES_MAX,
  FIN_BIT,
  isCloseCode,
  LENGTH_BITS,
  LENGTH_U16,
  MASK_BIT,
  MASK_KEY_BYTES,
  OPCODE,
  OPCODE_BITS,
  RESERVED_BITS,
  WEBSOCKET_FAULTS,
  type WebSocketFault,
} from './websocket-frame.ts'
import { WebSocketMask } from './websocket-mask.ts'

/** The numbers of messages are their opcodes. */
export const WEBSOCKET_EVENT = {
  NEED_MORE: 0,
  TEXT: 1,
  BINARY: 2,
  CLOSE: 8,
  PING: 9,
  PONG: 10,
  FAULT: 16,
} as const
export type WebSocketEvent = (typeof WEBSOCKET_EVENT)[keyof typeof WEBSOCKET_EVENT]

export interface WebSocketReaderOptions {
  /** Ours: a server reads masked frames, a client unmasked ones. */
  readonly role: 'server' | 'client'
  /** Largest message, all its fragments together. */
  readonly messageBytesMax: number
}

const NO_BYTES = new Uint8Array(0)
const COMPLETE = 1

export class WebSocketReader {
  /**
   * After a message, PING, PONG: its payload. After CLOSE: the reason. Good until the following
   * next() or finish().
   */
  payloadStart = 0
  payloadEnd = 0
  /** After CLOSE; 1005 where the peer gave none. */
  closeCode = 0
  /** After FAULT, with the close code to answer. */
  fault: WebSocketFault | null = null
  faultCloseCode = 0
  /** After NEED_MORE or finish(): what the caller stores; it keeps bytes[keepFrom, end). */
  keepFrom = 0
  assembledBytes = 0
  fragmentOpcode = 0

  readonly #masked: boolean
  readonly #messageBytesMax: number
  readonly #mask = new WebSocketMask()
  #bytes: Uint8Array = NO_BYTES
  /** Start of the next frame, end of the region. */
  #at = 0
  #end = 0
  #assembledStart = 0
  #assembledEnd = 0
  /** The frame whose header was read last. */
  #opcode = 0
  #isLast = false
  #frameStart = 0
  #frameEnd = 0

  constructor(options: WebSocketReaderOptions) {
    this.#masked = options.role === 'server'
    this.#messageBytesMax = options.messageBytesMax
  }

  /**
   * Takes up a connection: bytes[start, end) is what it kept (its assembled bytes first), then what
   * is new.
   */
  begin(
    bytes: Uint8Array,
    start: number,
    end: number,
    assembledBytes: number,
    fragmentOpcode: number,
  ): void {
    this.#bytes = bytes
    this.#assembledStart = start
    this.#assembledEnd = start + assembledBytes
    this.#at = this.#assembledEnd
    this.#end = end
    this.fragmentOpcode = fragmentOpcode
  }

  /**
   * The next event. After CLOSE and FAULT the rest of the region is dropped, because nothing behind
   * them counts, and NEED_MORE follows. A caller that stops before NEED_MORE calls finish() and
   * gets the rest presented again.
   */
  next(): WebSocketEvent {
    for (;;) {
      const outcome = this.#readHeader()
      if (outcome === WEBSOCKET_EVENT.FAULT) return WEBSOCKET_EVENT.FAULT
      if (outcome === WEBSOCKET_EVENT.NEED_MORE) {
        this.finish()
        return WEBSOCKET_EVENT.NEED_MORE
      }
      if (this.#masked) this.#unmask()
      this.#at = this.#frameEnd
      if (this.#opcode >= CONTROL_BIT) return this.#controlEvent()
      if (this.#opcode !== OPCODE.CONTINUATION && this.#isLast) {
        return this.#messageEvent(this.#opcode, this.#frameStart, this.#frameEnd)
      }
      this.#assemble()
      if (this.#isLast) return this.#assembledEvent()
    }
  }

  /** Brings the assembled bytes next to the unread ones and says what to keep. */
  finish(): void {
    const assembledBytes = this.#assembledEnd - this.#assembledStart
    const keepFrom = this.#at - assembledBytes
    if (assembledBytes > 0 && keepFrom !== this.#assembledStart) {
      this.#bytes.copyWithin(keepFrom, this.#assembledStart, this.#assembledEnd)
    }
    this.#assembledStart = keepFrom
    this.#assembledEnd = this.#at
    this.keepFrom = keepFrom
    this.assembledBytes = assembledBytes
  }

  /**
   * COMPLETE where the whole frame is there. Every fault of a header is found before its payload
   * has arrived.
   */
  #readHeader(): number {
    const bytes = this.#bytes
    const at = this.#at
    const available = this.#end - at
    if (available < 1) return WEBSOCKET_EVENT.NEED_MORE
    const first = bytes[at]
    const opcode = first & OPCODE_BITS
    const fault = this.#faultOfFirstByte(first, opcode)
    if (fault !== null) return this.#fail(fault)
    if (available < 2) return WEBSOCKET_EVENT.NEED_MORE
    const second = bytes[at + 1]
    if (((second & MASK_BIT) !== 0) !== this.#masked) {
      return this.#fail(this.#masked ? 'mask-required' : 'mask-forbidden')
    }
    const isControl = opcode >= CONTROL_BIT
    let length = second & LENGTH_BITS
    if (isControl && length > CONTROL_PAYLOAD_BYTES_MAX) return this.#fail('control-too-long')
    let headerEnd = at + 2
    if (length >= LENGTH_U16) {
      const lengthBytes = length === LENGTH_U16 ? 2 : 8
      headerEnd += lengthBytes
      if (headerEnd > this.#end) return WEBSOCKET_EVENT.NEED_MORE
      length = bigEndian(bytes, at + 2, headerEnd)
      if (length < (lengthBytes === 2 ? LENGTH_U16 : 0x1_0000)) {
        return this.#fail('length-not-minimal')
      }
    }
    const assembledBytes = isControl ? 0 : this.#assembledEnd - this.#assembledStart
    if (assembledBytes + length > this.#messageBytesMax && !isControl) {
      return this.#fail('message-too-big')
    }
    this.#opcode = opcode
    this.#isLast = (first & FIN_BIT) !== 0
    this.#frameStart = this.#masked ? headerEnd + MASK_KEY_BYTES : headerEnd
    this.#frameEnd = this.#frameStart + length
    return this.#frameEnd > this.#end ? WEBSOCKET_EVENT.NEED_MORE : COMPLETE
  }

  #faultOfFirstByte(first: number, opcode: number): WebSocketFault | null {
    if ((first & RESERVED_BITS) !== 0) return 'reserved-bits'
    if (opcode >= CONTROL_BIT) {
      if (opcode > OPCODE.PONG) return 'reserved-opcode'
      return (first & FIN_BIT) === 0 ? 'fragmented-control' : null
    }
    if (opcode > OPCODE.BINARY) return 'reserved-opcode'
    const inside = this.fragmentOpcode !== 0
    if (opcode === OPCODE.CONTINUATION) return inside ? null : 'unexpected-continuation'
    return inside ? 'expected-continuation' : null
  }

  #unmask(): void {
    const bytes = this.#bytes
    const keyAt = this.#frameStart - MASK_KEY_BYTES
    const key =
      (bytes[keyAt] << 24) | (bytes[keyAt + 1] << 16) | (bytes[keyAt + 2] << 8) | bytes[keyAt + 3]
    this.#mask.apply(bytes, this.#frameStart, this.#frameEnd, key)
  }

  /** Adds the frame's payload to the unfinished message, or begins one with it. */
  #assemble(): void {
    if (this.#opcode !== OPCODE.CONTINUATION) {
      this.fragmentOpcode = this.#opcode
      this.#assembledStart = this.#frameStart
      this.#assembledEnd = this.#frameEnd
      return
    }
    const payloadBytes = this.#frameEnd - this.#frameStart
    this.#bytes.copyWithin(this.#assembledEnd, this.#frameStart, this.#frameEnd)
    this.#assembledEnd += payloadBytes
  }

  #assembledEvent(): WebSocketEvent {
    const opcode = this.fragmentOpcode
    const start = this.#assembledStart
    const end = this.#assembledEnd
    this.#forgetAssembled()
    return this.#messageEvent(opcode, start, end)
  }

  #messageEvent(opcode: number, start: number, end: number): WebSocketEvent {
    if (opcode === OPCODE.TEXT && !isUtf8Range(this.#bytes, start, end)) {
      return this.#fail('bad-text')
    }
    this.payloadStart = start
    this.payloadEnd = end
    return opcode as WebSocketEvent
  }

  #controlEvent(): WebSocketEvent {
    this.payloadStart = this.#frameStart
    this.payloadEnd = this.#frameEnd
    if (this.#opcode === OPCODE.CLOSE) return this.#closeEvent()
    return this.#opcode as WebSocketEvent
  }

  #closeEvent(): WebSocketEvent {
    const start = this.payloadStart
    const end = this.payloadEnd
    this.closeCode = CLOSE_CODE.NONE
    if (end - start === 1) return this.#fail('bad-close-length')
    if (end > start) {
      this.closeCode = (this.#bytes[start] << 8) | this.#bytes[start + 1]
      if (!isCloseCode(this.closeCode)) return this.#fail('bad-close-code')
      this.payloadStart = start + 2
      if (!isUtf8Range(this.#bytes, this.payloadStart, end)) return this.#fail('bad-text')
    }
    this.#dropRest()
    return WEBSOCKET_EVENT.CLOSE
  }

  #fail(fault: WebSocketFault): typeof WEBSOCKET_EVENT.FAULT {
    this.fault = fault
    this.faultCloseCode = WEBSOCKET_FAULTS[fault][0]
    this.#dropRest()
    return WEBSOCKET_EVENT.FAULT
  }

  #dropRest(): void {
    this.#at = this.#end
    this.#forgetAssembled()
  }

  #forgetAssembled(): void {
    this.fragmentOpcode = 0
    this.#assembledStart = this.#at
    this.#assembledEnd = this.#at
  }
}

/** Exact up to 2^53; above it, large enough for any limit. */
function bigEndian(bytes: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) value = value * 256 + bytes[at]
  return value
}
