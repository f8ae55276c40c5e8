/**
 * The records of the log in the store, named by number so that they sort as the entries do. What
 * never changes of an entry is one record, what is counted another, and its payload a third, which
 * is read when a device needs it and never at the start.
 *
 *   b/head              the last number
 *   b/0000000043/entry  {"pushId":"9x-1","tag":null,"expiresAtS":1790000000,"bytes":256}
 *   b/0000000043/state  state, online, sent, acked: u32 each
 *   p/0000000043        the payload
 */
import { UNREAD_RECORD_PREFIX } from '../store/push-store.ts'

export const LOG_RECORD_PREFIX = 'b/'
export const HEAD_RECORD = 'b/head'
const SEQ_DIGITS = 10

export interface EntryHeader {
  readonly pushId: string
  readonly tag: string | null
  readonly expiresAtS: number
  readonly bytes: number
}

export type LogRecord =
  | { readonly kind: 'head'; readonly seq: number }
  | { readonly kind: 'entry'; readonly seq: number; readonly header: EntryHeader }
  | { readonly kind: 'state'; readonly seq: number; readonly counts: Uint32Array }

export function entryRecord(seq: number): string {
  return `${LOG_RECORD_PREFIX}${digits(seq)}/entry`
}

export function stateRecord(seq: number): string {
  return `${LOG_RECORD_PREFIX}${digits(seq)}/state`
}

export function payloadRecord(seq: number): string {
  return `${UNREAD_RECORD_PREFIX}${digits(seq)}`
}

export function headerBytes(header: EntryHeader): Uint8Array {
  return Buffer.from(JSON.stringify(header))
}

export function stateBytes(...counts: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(counts).buffer)
}

export function readLogRecord(key: string, value: Uint8Array): LogRecord {
  const text = () => Buffer.from(value.buffer, value.byteOffset, value.length).toString()
  if (key === HEAD_RECORD) return { kind: 'head', seq: Number(text()) }
  const seq = Number(key.slice(LOG_RECORD_PREFIX.length, LOG_RECORD_PREFIX.length + SEQ_DIGITS))
  if (key.endsWith('/entry')) return { kind: 'entry', seq, header: JSON.parse(text()) }
  return { kind: 'state', seq, counts: new Uint32Array(value.slice().buffer) }
}

/** Numbers of one width sort as numbers do. */
function digits(seq: number): string {
  return String(seq).padStart(SEQ_DIGITS, '0')
}
