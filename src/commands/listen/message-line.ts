/** One received message as one line: for people, or as JSON with --json. */
import { isUtf8 } from 'node:buffer'
import type { ReceivedMessage } from './device-session.ts'
import { printable } from './reconnect-plan.ts'

/**
 * Ends with a newline. Text is shown with its control characters escaped, other bytes as base64.
 */
export function messageLine(
  message: ReceivedMessage,
  deviceId: string,
  nowMs: number,
  isJson: boolean,
): string {
  const time = new Date(nowMs).toISOString()
  const payload = Buffer.from(message.payload)
  const isText = isUtf8(payload)
  if (!isJson) {
    const shown = isText ? printable(payload.toString()) : `base64 ${payload.toString('base64')}`
    return `${time}  seq ${message.seq}  ${shown}\n`
  }
  const { seq, flags, publishedUs } = message
  return `${JSON.stringify({
    schema: 'pushctl.listen/1',
    time,
    device: deviceId,
    seq,
    flags,
    ...(publishedUs < 0 ? {} : { publishedUs }),
    ...(isText ? { payload: payload.toString() } : { payload64: payload.toString('base64') }),
  })}\n`
}
