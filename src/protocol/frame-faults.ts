/**
 * Everything that can be wrong with one frame, by a stable name. docs/protocol.md has the same list
 * (a test compares them), so that whoever sees a name in a log finds what it means.
 */
import { BYE } from './frame-types.ts'

export const FRAME_FAULTS = {
  'empty-frame': 'a frame of no bytes, without even a type',
  'unknown-type': 'a type byte that does not exist, or that only the other side may send',
  truncated: 'the frame ends inside a field',
  'trailing-bytes': 'bytes are left after the last field',
  'bad-varint': 'a varint that is not in its shortest form, or above 2^53-1',
  'number-range': 'a u64 above 2^53-1 where a number is meant',
  'bad-version': 'a HELLO of a version other than 1',
  'bad-utf8': 'a string that is not UTF-8',
  'string-too-long': 'a string above its limit',
  'device-id-length': 'a device id of no bytes, or above its limit',
  'too-many-tags': 'more tags than the limit',
  'too-many-addresses': 'more addresses than the limit',
  'bad-stream': 'a stream other than 0 (inbox) or 1 (broadcast)',
  'bad-bind': 'a BIND whose first byte is neither 0 nor 1',
  'bad-status': 'a SENT of an unknown status',
} as const

export type FrameFault = keyof typeof FRAME_FAULTS

/** The BYE code that a fault ends the connection with. */
export function byeCodeOfFault(fault: FrameFault): number {
  return fault === 'device-id-length' ? BYE.BAD_DEVICE_ID : BYE.PROTOCOL_ERROR
}
