/**
 * One thing that went upstream as one line of JSON, the same for webhooks and for consumers of the
 * stream. The text of a payload is not looked into; bytes that are not UTF-8 travel as payload64.
 */
import { isUtf8 } from 'node:buffer'
import { BYE, byeReason } from '../../protocol/frame-types.ts'

const BYE_CODES: ReadonlyMap<string, number> = new Map(
  Object.values(BYE).map((code) => [byeReason(code), code]),
)

export function sendLine(
  deviceId: string,
  session: string,
  receivedMs: number,
  product: string,
  route: string,
  payload: Buffer,
): string {
  const body = isUtf8(payload)
    ? `"payload":${JSON.stringify(payload.toString())}`
    : `"payload64":"${payload.toString('base64')}"`
  return (
    `{"type":"send",${headOf(deviceId, session, receivedMs)},` +
    `"product":${JSON.stringify(product)},"route":${JSON.stringify(route)},${body}}`
  )
}

export function onlineLine(
  deviceId: string,
  session: string,
  receivedMs: number,
  carrier: string,
): string {
  const head = headOf(deviceId, session, receivedMs)
  return `{"type":"online",${head},"carrier":${JSON.stringify(carrier)}}`
}

/** `code` is the BYE that the device got, or 0 where the peer ended it. */
export function offlineLine(
  deviceId: string,
  session: string,
  receivedMs: number,
  reason: string,
): string {
  const head = headOf(deviceId, session, receivedMs)
  const code = BYE_CODES.get(reason) ?? 0
  return `{"type":"offline",${head},"reason":${JSON.stringify(reason)},"code":${code}}`
}

function headOf(deviceId: string, session: string, receivedMs: number): string {
  return `"device":${JSON.stringify(deviceId)},"session":"${session}","receivedMs":${receivedMs}`
}
