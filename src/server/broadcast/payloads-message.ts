/** Payloads of the log on their way to a shard: one behind the other in one buffer. */
import type { LogOrder } from './broadcast-messages.ts'

type LogPayloadsMessage = Extract<LogOrder, { kind: 'log-payloads' }>

/** `found` null: they cannot be read now. */
export function payloadsMessage(
  seqs: readonly number[],
  found: readonly (Uint8Array | null)[] | null,
): LogPayloadsMessage {
  const rows = found ?? []
  const ends = new Uint32Array(rows.length)
  let bytes = 0
  for (let at = 0; at < rows.length; at++) {
    bytes += rows[at]?.length ?? 0
    ends[at] = bytes
  }
  const payloads = new Uint8Array(bytes)
  for (let at = 0; at < rows.length; at++) {
    const payload = rows[at]
    if (payload !== null) payloads.set(payload, ends[at] - payload.length)
  }
  return {
    kind: 'log-payloads',
    seqs: Float64Array.from(seqs.slice(0, rows.length)),
    ends,
    isGone: Uint8Array.from(rows, (payload) => (payload === null ? 1 : 0)),
    payloads,
  }
}
