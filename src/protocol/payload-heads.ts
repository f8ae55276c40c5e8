/**
 * What of a frame is authenticated with its sealed payload (payload-seal.ts), as it stands in the
 * frame: of MSG its stream and number, of SEND where it goes. A payload moved to another number,
 * stream, product or route does not open.
 */
import { writeStringRange } from './byte-writer.ts'
import { FRAME, LIMITS, STREAM, MSG_FLAG } from './frame-types.ts'
import { VARINT_BYTES_MAX, writeVarint } from './varint.ts'

const HEAD_BYTES_MAX =
  1 + 2 * VARINT_BYTES_MAX + Math.max(LIMITS.productBytesMax + LIMITS.routeBytesMax, 1)
const SCRATCH = new Uint8Array(HEAD_BYTES_MAX)

/** `flags` and `seq` of the MSG. Good until the next head is made. */
export function headOfMsg(flags: number, seq: number): Uint8Array {
  SCRATCH[0] = FRAME.MSG
  SCRATCH[1] = flags & MSG_FLAG.BROADCAST ? STREAM.BROADCAST : STREAM.INBOX
  return SCRATCH.subarray(0, writeVarint(SCRATCH, 2, seq))
}

/** Ranges of `bytes`, as FrameReader has them after a SEND. */
export interface SendRanges {
  readonly productStart: number
  readonly productEnd: number
  readonly routeStart: number
  readonly routeEnd: number
}

/** Good until the next head is made. */
export function headOfSend(bytes: Uint8Array, send: SendRanges): Uint8Array {
  SCRATCH[0] = FRAME.SEND
  const end = writeStringRange(SCRATCH, 1, bytes, send.productStart, send.productEnd)
  return SCRATCH.subarray(0, writeStringRange(SCRATCH, end, bytes, send.routeStart, send.routeEnd))
}
