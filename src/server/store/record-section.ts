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
const utf8 = new TextEncoder()
const text = new TextDecoder()

export function sectionBytesOf({ key, value }: StoreRecord): number {
  return HEADER_BYTES + Buffer.byteLength(key) + (value?.length ?? 0)
}

/** Into bytes that have room for all of them. */
export function writeSection(records: readonly StoreRecord[], bytes: Uint8Array, at: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let next = at
  for (const { key, value } of records) {
    const { written } = utf8.encodeInto(key, bytes.subarray(next + HEADER_BYTES))
    view.setUint32(next, written, true)
    view.setUint32(next + 4, value?.length ?? REMOVED, true)
    next += HEADER_BYTES + written
    if (value === null) continue
    bytes.set(value, next)
    next += value.length
  }
}

/** Values are views. */
export function readSection(
  bytes: Uint8Array,
  onRecord: (key: string, value: Uint8Array | null) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  while (at < bytes.length) {
    const keyEnd = at + HEADER_BYTES + view.getUint32(at, true)
    const valueBytes = view.getUint32(at + 4, true)
    const key = text.decode(bytes.subarray(at + HEADER_BYTES, keyEnd))
    const end = valueBytes === REMOVED ? keyEnd : keyEnd + valueBytes
    onRecord(key, valueBytes === REMOVED ? null : bytes.subarray(keyEnd, end))
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
