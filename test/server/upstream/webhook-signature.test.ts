import { createHmac } from 'node:crypto'
import { expect, it } from 'vitest'
import { signatureOf } from '../../../src/server/upstream/webhook-signature.ts'

it('signs time and body as a receiver can verify it', () => {
  const body = Buffer.from('{"sends":[]}')
  const signature = signatureOf('a secret of the operator', 1_700_000_000, body)
  expect(signature).toMatch(/^t=1700000000,v1=[0-9a-f]{64}$/)
  const expected = createHmac('sha256', 'a secret of the operator')
    .update('1700000000.{"sends":[]}')
    .digest('hex')
  expect(signature.slice(signature.indexOf('v1=') + 3)).toBe(expected)
})

it('changes with the time, the body and the secret', () => {
  const body = Buffer.from('x')
  const all = [
    signatureOf('secret', 1, body),
    signatureOf('secret', 2, body),
    signatureOf('secret', 1, Buffer.from('y')),
    signatureOf('other', 1, body),
  ].map((signature) => signature.split('v1=')[1])
  expect(new Set(all).size).toBe(4)
})
