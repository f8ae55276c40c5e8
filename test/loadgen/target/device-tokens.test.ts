import { jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { deviceIdOf, deviceNamesOf } from '../../../src/loadgen/device-names.ts'
import { DeviceTokens, deviceSecretFrom } from '../../../src/loadgen/target/device-tokens.ts'

const SECRET = 'a'.repeat(40)
const key = new TextEncoder().encode(SECRET)
const names = deviceNamesOf(7, 12_345)
const expiresAt = Math.floor(Date.now() / 1000) + 3_600

describe('the token of a device', () => {
  it('is a JWT for its id, and all are equally long', async () => {
    const tokens = new DeviceTokens(key, names, expiresAt)
    for (const connection of [0, 9, 12_344, 3]) {
      const token = tokens.tokenOf(connection)
      expect(token).toHaveLength(tokens.length)
      const { payload, protectedHeader } = await jwtVerify(token, key)
      expect(payload).toEqual({ sub: deviceIdOf(names, connection), exp: expiresAt })
      expect(protectedHeader.alg).toBe('HS256')
    }
  })

  it('is good for nobody with another secret', async () => {
    const token = new DeviceTokens(key, names, expiresAt).tokenOf(1)
    const other = new TextEncoder().encode('b'.repeat(40))
    await expect(jwtVerify(token, other)).rejects.toThrow('signature verification failed')
  })
})

describe('the secret', () => {
  it('is the text of a file without its end of line, or the key of a JWK', () => {
    expect(deviceSecretFrom(`${SECRET}\n`, 'f')).toEqual(Buffer.from(SECRET))
    const jwk = JSON.stringify({ kty: 'oct', k: Buffer.from(SECRET).toString('base64url') })
    expect(deviceSecretFrom(jwk, 'f')).toEqual(Buffer.from(SECRET))
  })

  it.each([
    ['short', /got 5 bytes in f/],
    ['-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----', /another kind/],
    ['{"kty":"OKP"}', /another kind/],
    ['{"kty":', /another kind/],
  ])('is refused where it cannot sign: %s', (text, message) => {
    expect(() => deviceSecretFrom(text, 'f')).toThrow(message)
  })
})
