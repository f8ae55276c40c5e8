/**
 * The first 24 bytes of every payload that bench sends, so that whoever receives it knows when it
 * was due.
 *
 *   0        4        8                16               24
 *   │ run u32│ seq u32│ intendedUs f64 │ writtenUs f64  │ filler …        big-endian
 *
 * Response time is now - intendedUs, service time now - writtenUs; both count on the host's
 * monotonic clock, which all its processes share. `run` keeps a message of another bench from being
 * counted; it opens with a byte that UTF-8 does not have (RUN_ID_MIN). `seq` counts from 1: of the
 * messages to one device, or, with BROADCAST_MARK or ROOM_MARK added, of those to all or to a room,
 * which are numbered apart so that a run may have all. 24 bytes are exactly 32 characters of
 * base64, so a publisher need not encode the filler again for each push.
 */
export const MARKER_BYTES = 24
/**
 * The least number of a run. JSON of a push node (push.v1.json, SSE, poll) has a payload as text
 * where it happens to be UTF-8 and in base64 elsewhere, and no marker is found in the text. No
 * UTF-8 begins with 0xf8 or more (RFC 3629, section 3).
 */
export const RUN_ID_MIN = 0xf800_0000
/** The top bit of seq. */
export const BROADCAST_MARK = 0x8000_0000
/** The bit below it. */
export const ROOM_MARK = 0x4000_0000

/** Offsets inside the marker. */
export const MARKER_SEQ_AT = 4
export const MARKER_INTENDED_AT = 8
export const MARKER_WRITTEN_AT = 16

export function writeMarker(
  view: DataView,
  at: number,
  runId: number,
  seq: number,
  intendedUs: number,
  writtenUs: number,
): void {
  view.setUint32(at, runId)
  view.setUint32(at + MARKER_SEQ_AT, seq)
  view.setFloat64(at + MARKER_INTENDED_AT, intendedUs)
  view.setFloat64(at + MARKER_WRITTEN_AT, writtenUs)
}

/** Whether the payload of `bytes` at `at` opens with a marker of this run. */
export function isMarkerOf(view: DataView, at: number, bytes: number, runId: number): boolean {
  return bytes >= MARKER_BYTES && view.getUint32(at) === runId
}

/** Printable, so that a payload can be read in a packet dump; no JSON or control characters. */
export const FILLER_BYTE = 0x2e

/** A payload of `bytes` with an empty marker. */
export function payloadTemplate(bytes: number): Uint8Array {
  return new Uint8Array(Math.max(bytes, MARKER_BYTES)).fill(FILLER_BYTE, MARKER_BYTES)
}
