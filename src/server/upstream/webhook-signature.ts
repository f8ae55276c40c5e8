/**
 * The signature of a webhook request: HMAC-SHA256 over the time and the body, so that a receiver
 * knows who sent it and can refuse an old one that is sent again. docs/upstream.md shows how to
 * verify it.
 */
import { createHmac } from 'node:crypto'

export const SIGNATURE_HEADER = 'pushctl-signature'

/** "t=<Unix seconds>,v1=<64 hexadecimal digits>": v1 signs "<t>.<body>". */
export function signatureOf(secret: string, unixSeconds: number, body: Uint8Array): string {
  const digest = createHmac('sha256', secret).update(`${unixSeconds}.`).update(body).digest('hex')
  return `t=${unixSeconds},v1=${digest}`
}
