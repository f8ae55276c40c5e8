/**
 * Frames on a TCP stream: a varint length, then that many bytes (type byte and body). A length
 * above the limit is refused from its first bytes, so a peer never makes the node keep more than
 * one frame.
 */
import { BYE } from './frame-types.ts'
import { readVarint, VARINT_BYTES_MAX, VARINT_INVALID, varintBytes, writeVarint } from './varint.ts'

export const TCP_EVENT = { NEED_MORE: 0, FRAME: 1, FAULT: 2 } as const
export type TcpEvent = (typeof TCP_EVENT)[keyof typeof TCP_EVENT]

/** What is wrong with a length. Listed in docs/protocol.md beside the faults of frames. */
export type TcpFault = 'frame-too-large' | 'bad-length' | 'empty-frame'

/** Room to leave in front of a frame: lengths up to 256 MiB. */
export const LENGTH_BYTES_MAX = 4

/** One per shard: its fields are the result of the last next(). */
export class TcpFraming {
  /** After FRAME: type byte and body. The next frame starts at bodyEnd. */
  bodyStart = 0
  bodyEnd = 0
  /**
   * After NEED_MORE: type byte of the unfinished frame, -1 while unknown. Lets a server drop
   * strangers early.
   */
  pendingType = -1
  /** After FAULT. */
  fault: TcpFault | null = null
  byeCode = 0
  readonly #frameBytesMax: number

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax
  }

  /** Looks for one frame in bytes[at, end), where `at` is the start of a length. */
  next(bytes: Uint8Array, at: number, end: number): TcpEvent {
    const length = readVarint(bytes, at, end)
    this.pendingType = -1
    if (length < 0) {
      if (this.#isTooLargeAlready(bytes, at, end)) return this.#fail('frame-too-large')
      return length === VARINT_INVALID ? this.#fail('bad-length') : TCP_EVENT.NEED_MORE
    }
    if (length === 0) return this.#fail('empty-frame')
    if (length > this.#frameBytesMax) return this.#fail('frame-too-large')
    const bodyStart = at + varintBytes(length)
    if (length > end - bodyStart) {
      if (bodyStart < end) this.pendingType = bytes[bodyStart]
      return TCP_EVENT.NEED_MORE
    }
    this.bodyStart = bodyStart
    this.bodyEnd = bodyStart + length
    return TCP_EVENT.FRAME
  }

  /** n bytes that all announce another one are a length of at least 2^(7n). */
  #isTooLargeAlready(bytes: Uint8Array, at: number, end: number): boolean {
    let more = 0
    while (at + more < end && more < VARINT_BYTES_MAX && bytes[at + more] >= 0x80) more++
    return 2 ** (7 * more) > this.#frameBytesMax
  }

  #fail(fault: TcpFault): TcpEvent {
    this.fault = fault
    this.byeCode = fault === 'frame-too-large' ? BYE.FRAME_TOO_LARGE : BYE.PROTOCOL_ERROR
    return TCP_EVENT.FAULT
  }
}

/** Writes the length directly in front of a frame; returns where it starts. */
export function writeLengthBefore(out: Uint8Array, bodyStart: number, bodyEnd: number): number {
  const length = bodyEnd - bodyStart
  const start = bodyStart - varintBytes(length)
  writeVarint(out, start, length)
  return start
}
