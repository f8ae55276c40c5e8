import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeviceAuth, type DeviceAuth } from '../../../src/server/auth/device-auth.ts'

const SECRET = 'a secret of thirty-two bytes or more'
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const PEM = publicKey.export({ type: 'spki', format: 'pem' }).toString()

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'device-auth-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function authFrom(text: string): Promise<DeviceAuth> {
  const path = join(folder, 'key')
  await writeFile(path, text, { mode: 0o600 })
  return createDeviceAuth(path)
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

function sign(key: KeyObject | string, alg: string, claims: JWTPayload): Promise<string> {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(bytes)
}

const good = (): JWTPayload => ({ sub: 'phone-1', exp: nowSeconds() + 600 })

describe('a shared secret', () => {
  let auth: DeviceAuth
  beforeAll(async () => {
    auth = await authFrom(`${SECRET}\n`)
  })

  it('lets in the device that the token names', async () => {
    const token = await sign(SECRET, 'HS256', good())
    expect(await auth.verify(token, 'phone-1')).toBe(true)
    expect(await auth.verify(token, 'phone-2')).toBe('the token is for another device')
  })

  it('allows a minute of clock difference and no more', async () => {
    const late = await sign(SECRET, 'HS256', { ...good(), exp: nowSeconds() - 30 })
    expect(await auth.verify(late, 'phone-1')).toBe(true)
    const dead = await sign(SECRET, 'HS256', { ...good(), exp: nowSeconds() - 90 })
    expect(await auth.verify(dead, 'phone-1')).toBe('the token has expired')
    const early = await sign(SECRET, 'HS256', { ...good(), nbf: nowSeconds() + 600 })
    expect(await auth.verify(early, 'phone-1')).toBe('the token is not valid yet')
  })

  it('wants sub and exp', async () => {
    const noEnd = await sign(SECRET, 'HS256', { sub: 'phone-1' })
    expect(await auth.verify(noEnd, 'phone-1')).toBe('the token has no exp')
    const nobody = await sign(SECRET, 'HS256', { exp: nowSeconds() + 600 })
    expect(await auth.verify(nobody, 'phone-1')).toBe('the token has no sub')
  })

  it.each([
    ['', 'a token is needed'],
    ['abc', 'the token is not a JWT'],
    ['a.b.c', 'the token is not a JWT'],
    ['..', 'the token is not a JWT'],
    ['\u0000.😀.\uffff', 'the token is not a JWT'],
    ['x'.repeat(5_000), 'the token is too long'],
  ])('refuses %j', async (token, reason) => {
    expect(await auth.verify(token, 'phone-1')).toBe(reason)
  })

  it('refuses other keys, other algorithms and none', async () => {
    const other = await sign(SECRET.toUpperCase(), 'HS256', good())
    expect(await auth.verify(other, 'phone-1')).toBe('the signature is wrong')
    const notAccepted = 'the algorithm of the token is not accepted'
    const long = await sign(SECRET.repeat(2), 'HS512', good())
    expect(await auth.verify(long, 'phone-1')).toBe(notAccepted)
    const unsigned = new UnsecuredJWT(good()).encode()
    expect(await auth.verify(unsigned, 'phone-1')).toBe(notAccepted)
  })

  it('refuses a token with any one character changed', async () => {
    const token = await sign(SECRET, 'HS256', good())
    for (let at = 0; at < token.length - 1; at += 7) {
      const changed = token[at] === 'A' ? 'B' : 'A'
      const forged = token.slice(0, at) + changed + token.slice(at + 1)
      expect(await auth.verify(forged, 'phone-1')).not.toBe(true)
    }
  })
})

describe('an Ed25519 public key', () => {
  it.each([
    ['PEM', PEM],
    ['JWK', JSON.stringify(publicKey.export({ format: 'jwk' }))],
  ])('as %s lets in what the private key signed', async (_form, text) => {
    const auth = await authFrom(text)
    const token = await sign(privateKey, 'EdDSA', good())
    expect(await auth.verify(token, 'phone-1')).toBe(true)
    const stranger = generateKeyPairSync('ed25519').privateKey
    const forged = await sign(stranger, 'EdDSA', good())
    expect(await auth.verify(forged, 'phone-1')).toBe('the signature is wrong')
  })

  it('cannot be used as a shared secret', async () => {
    const auth = await authFrom(PEM)
    const forged = await sign(PEM.trim(), 'HS256', good())
    expect(await auth.verify(forged, 'phone-1')).toBe('the algorithm of the token is not accepted')
  })
})

describe('a secret file', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  it.each([
    ['a short secret', 'thirty-one bytes are too few...'],
    ['nothing', ''],
    ['a private key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['a private JWK', JSON.stringify(privateKey.export({ format: 'jwk' }))],
    ['an RSA key', rsa.export({ type: 'spki', format: 'pem' }).toString()],
    ['an RSA JWK', JSON.stringify(rsa.export({ format: 'jwk' }))],
    ['a broken PEM', '-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----'],
    ['broken JSON', '{"kty":'],
    ['a broken JWK', '{"kty":"OKP","crv":"Ed25519","x":"AA"}'],
    ['a short JWK secret', '{"kty":"oct","k":"c2hvcnQ"}'],
  ])('with %s is refused with what it should hold', async (_what, text) => {
    const failure = await authFrom(text).catch((error) => error)
    expect(failure).toMatchObject({ code: 'PUSHCTL_CONFIG' })
    expect(failure.message).toMatch(/^--auth-secret-file must hold a secret of at least 32 bytes/)
  })

  it('may hold the secret as JWK', async () => {
    const k = Buffer.from(SECRET).toString('base64url')
    const auth = await authFrom(JSON.stringify({ kty: 'oct', k }))
    expect(await auth.verify(await sign(SECRET, 'HS256', good()), 'phone-1')).toBe(true)
  })
})
