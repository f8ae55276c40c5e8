/**
 * A journal record as it lies in a segment: a header of 24 bytes, then the record. All numbers are
 * little-endian.
 *
 *   u32   bytes of the record
 *   u32   CRC-32 of everything behind it, begun with that length
 *   f64   number of the record: one more than that of the record before it
 *   f64   generation of the segment: how often a segment of this store was begun
 *
 * Segments are written over once their records are folded. The generation tells a record from what
 * an earlier use left behind it, and the CRC tells it from one that a crash cut short.
 */
import { crc32 } from 'node:zlib'

/** A multiple of eight, as is where frames begin. */
export const FRAME_HEADER_BYTES = 24
const CHECKED_FROM = 8
const NUMBER_AT = 8
const GENERATION_AT = 16

export interface FrameHeader {
  readonly number: number
  readonly generation: number
  /** Of the record. */
  readonly length: number
}

export interface Frame extends FrameHeader {
  /** A view. */
  readonly record: Uint8Array
}

/** Fills the header of a frame whose record is complete. */
export function sealFrame(frame: Uint8Array, number: number, generation: number): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  const length = frame.length - FRAME_HEADER_BYTES
  view.setUint32(0, length, true)
  view.setFloat64(NUMBER_AT, number, true)
  view.setFloat64(GENERATION_AT, generation, true)
  view.setUint32(4, crc32(frame.subarray(CHECKED_FROM), length), true)
}

/** What a header there would say, true or not; null: there is no room for one. */
export function readHeader(bytes: Uint8Array, at: number): FrameHeader | null {
  if (bytes.length - at < FRAME_HEADER_BYTES) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset + at)
  return {
    number: view.getFloat64(NUMBER_AT, true),
    generation: view.getFloat64(GENERATION_AT, true),
    length: view.getUint32(0, true),
  }
}

/** The frame that begins there; null: none does, or not all of it is there. */
export function readFrame(bytes: Uint8Array, at: number): Frame | null {
  const header = readHeader(bytes, at)
  const start = at + FRAME_HEADER_BYTES
  if (header === null || header.length > bytes.length - start) return null
  const end = start + header.length
  const crc = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(4, true)
  if (crc32(bytes.subarray(at + CHECKED_FROM, end), header.length) !== crc) return null
  return { ...header, record: bytes.subarray(start, end) }
}

/** Where the frame behind one with such a record begins. */
export function frameEnd(at: number, recordBytes: number): number {
  return at + FRAME_HEADER_BYTES + Math.ceil(recordBytes / 8) * 8
}
