/**
 * Named values (StoreRecord) as the last part of a journal record, one behind the other:
 *
 *   u32   bytes of the name
 *   u32   bytes of the value; ff ff ff ff: the name is removed
 *   u8    name, value
 */
import type { StoreRecord } from './write-batch.ts'

const HEADER_BYTES = 8
const REMOVED = 0xffffffff

export function sectionBytesOf({ key, value }: StoreRecord): number {
  return HEADER_BYTES + Buffer.byteLength(key) + (value?.length ?? 0)
}

/** Into bytes that have room for all of them. */
export function writeSection(records: readonly StoreRecord[], bytes: Uint8Array, at: number): void {
  if (records.length === 0) return
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let next = at
  for (const { key, value } of records) {
    const written = buffer.write(key, next + HEADER_BYTES)
    buffer.writeUInt32LE(written, next)
    buffer.writeUInt32LE(value?.length ?? REMOVED, next + 4)
    next += HEADER_BYTES + written
    if (value === null) continue
    bytes.set(value, next)
    next += value.length
  }
}

/** Names (UTF-8) and values are views; null: the name is removed. */
export type OnNamed = (name: Uint8Array, value: Uint8Array | null) => void

export function readSection(bytes: Uint8Array, onNamed: OnNamed): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  while (at < bytes.length) {
    const nameEnd = at + HEADER_BYTES + view.getUint32(at, true)
    const valueBytes = view.getUint32(at + 4, true)
    const end = valueBytes === REMOVED ? nameEnd : nameEnd + valueBytes
    const value = valueBytes === REMOVED ? null : bytes.subarray(nameEnd, end)
    onNamed(bytes.subarray(at + HEADER_BYTES, nameEnd), value)
    at = end
  }
}

/** Do its lengths fit its bytes? */
export function isWholeSection(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  while (at < bytes.length) {
    if (bytes.length - at < HEADER_BYTES) return false
    const valueBytes = view.getUint32(at + 4, true)
    at += HEADER_BYTES + view.getUint32(at, true) + (valueBytes === REMOVED ? 0 : valueBytes)
  }
  return at === bytes.length
}
