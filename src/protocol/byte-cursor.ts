/**
 * Reads the fields of one frame from a byte range. Faults are sticky: the first one moves the
 * cursor to the end, every later read returns 0, and the caller asks once, after the last field.
 * That keeps frame-reader.ts a plain list of fields.
 */
import type { FrameFault } from './frame-faults.ts'
import { isUtf8Range } from './utf8.ts'
import { readVarint, VARINT_TRUNCATED, varintBytes } from './varint.ts'

const NO_BYTES = new Uint8Array(0)

/** Highest upper half of a u64 that a number holds exactly (2^53-1). */
const U64_HIGH_MAX = 0x1f_ffff

export class ByteCursor {
  bytes: Uint8Array = NO_BYTES
  at = 0
  end = 0
  fault: FrameFault | null = null
  /** The last string that was read, without its length. */
  stringStart = 0
  stringEnd = 0

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.fault = null
  }

  fail(fault: FrameFault): 0 {
    if (this.fault === null) this.fault = fault
    this.at = this.end
    return 0
  }

  u8(): number {
    if (this.at >= this.end) return this.fail('truncated')
    return this.bytes[this.at++]
  }

  u16(): number {
    if (this.end - this.at < 2) return this.fail('truncated')
    const { bytes, at } = this
    this.at = at + 2
    return (bytes[at] << 8) | bytes[at + 1]
  }

  u32(): number {
    if (this.end - this.at < 4) return this.fail('truncated')
    const { bytes, at } = this
    this.at = at + 4
    return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
  }

  /** A u64 that has to fit a number. */
  u64(): number {
    if (this.end - this.at < 8) return this.fail('truncated')
    const high = this.u32()
    if (high > U64_HIGH_MAX) return this.fail('number-range')
    return high * 2 ** 32 + this.u32()
  }

  varint(): number {
    const value = readVarint(this.bytes, this.at, this.end)
    if (value < 0) return this.fail(value === VARINT_TRUNCATED ? 'truncated' : 'bad-varint')
    this.at += varintBytes(value)
    return value
  }

  /**
   * Sets stringStart and stringEnd. Too long is told from the length alone, before the bytes are
   * there.
   */
  string(bytesMax: number, tooLong: FrameFault = 'string-too-long'): void {
    const length = this.varint()
    this.stringStart = this.at
    this.stringEnd = this.at
    if (length > bytesMax) this.fail(tooLong)
    else if (length > this.end - this.at) this.fail('truncated')
    else {
      this.at += length
      if (isUtf8Range(this.bytes, this.stringStart, this.at)) this.stringEnd = this.at
      else this.fail('bad-utf8')
    }
  }
}
