import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JWTPayload, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeviceAuth, type DeviceAuth } from '../../../src/server/auth/device-auth.ts'

const OLD = 'the old secret of thirty-two bytes or more'
const NEW = 'the new secret of thirty-two bytes or more'
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const PEM = publicKey.export({ type: 'spki', format: 'pem' }).toString()

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'device-keys-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function authFrom(files: Record<string, string>, clockSkewMs?: number): Promise<DeviceAuth> {
  const path = join(folder, 'keys')
  await mkdir(path)
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(path, name), text, { mode: 0o600 })
  }
  return createDeviceAuth(path, clockSkewMs)
}

function sign(
  key: KeyObject | string,
  kid?: string,
  claims: JWTPayload = { sub: 'a', exp: Math.floor(Date.now() / 1000) + 600 },
): Promise<string> {
  const alg = typeof key === 'string' ? 'HS256' : 'EdDSA'
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  return new SignJWT(claims)
    .setProtectedHeader(kid === undefined ? { alg } : { alg, kid })
    .sign(bytes)
}

describe('a folder of keys', () => {
  it('takes tokens of each key under its name, while one is changed for another', async () => {
    const auth = await authFrom({ '2025.secret': OLD, '2026.secret': NEW, 'ed.pem': PEM })
    expect(await auth.verify(await sign(OLD, '2025'), 'a')).toBe(true)
    expect(await auth.verify(await sign(NEW, '2026'), 'a')).toBe(true)
    expect(await auth.verify(await sign(privateKey, 'ed'), 'a')).toBe(true)
    expect(await auth.verify(await sign(NEW, '2026'), 'b')).toBe('the token is for another device')
  })

  it('does not take a token under the name of another key, or of none', async () => {
    const auth = await authFrom({ '2025.secret': OLD, '2026.secret': NEW, 'ed.pem': PEM })
    expect(await auth.verify(await sign(OLD, '2026'), 'a')).toBe('the signature is wrong')
    expect(await auth.verify(await sign(OLD, '2024'), 'a')).toBe(
      'the key of the token is not known',
    )
    // The public key is no secret: as a shared one it must not count.
    expect(await auth.verify(await sign(PEM, 'ed'), 'a')).toBe(
      'the algorithm of the token is not accepted',
    )
  })

  it('tries a token without a name with each key', async () => {
    const auth = await authFrom({ '2025': OLD, '2026': NEW, ed: PEM })
    expect(await auth.verify(await sign(NEW), 'a')).toBe(true)
    expect(await auth.verify(await sign(privateKey), 'a')).toBe(true)
    expect(await auth.verify(await sign(`${NEW}!`), 'a')).toBe(
      'the algorithm of the token is not accepted',
    )
    const late = { sub: 'a', exp: Math.floor(Date.now() / 1000) - 600 }
    expect(await auth.verify(await sign(OLD, undefined, late), 'a')).toBe('the token has expired')
  })

  it('leaves out folders and names with a dot in front', async () => {
    await authFrom({ a: OLD, '.a.swp': 'rubbish' })
    await mkdir(join(folder, 'keys', 'old'))
    const auth = await createDeviceAuth(join(folder, 'keys'))
    expect(await auth.verify(await sign(OLD, 'a'), 'a')).toBe(true)
  })

  it.each([
    ['nothing', {}, 'must hold 1 to 16 keys, got 0'],
    ['one kid twice', { 'a.pem': PEM, 'a.secret': OLD }, 'each kid once'],
    ['what is no key', { a: OLD, b: 'short' }, 'a secret of 5 bytes'],
    [
      'too many',
      Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, OLD])),
      'must hold 1 to 16 keys, got 17',
    ],
  ])('cannot hold %s', async (_name, files, rule) => {
    await expect(authFrom(files)).rejects.toThrow(rule)
  })
})

describe('a set of JWKs', () => {
  const jwkOf = (secret: string, kid: unknown) => ({
    kty: 'oct',
    k: Buffer.from(secret).toString('base64url'),
    kid,
  })

  async function setFrom(keys: unknown): Promise<DeviceAuth> {
    const path = join(folder, 'set.json')
    await writeFile(path, JSON.stringify({ keys }), { mode: 0o600 })
    return createDeviceAuth(path)
  }

  it('is read like a folder', async () => {
    const ed = { ...publicKey.export({ format: 'jwk' }), kid: 'ed' }
    const auth = await setFrom([jwkOf(OLD, 'one'), jwkOf(NEW, 'two'), ed])
    expect(await auth.verify(await sign(OLD, 'one'), 'a')).toBe(true)
    expect(await auth.verify(await sign(NEW, 'two'), 'a')).toBe(true)
    expect(await auth.verify(await sign(privateKey, 'ed'), 'a')).toBe(true)
    expect(await auth.verify(await sign(OLD, 'two'), 'a')).toBe('the signature is wrong')
  })

  it.each([
    ['a key without a kid', [jwkOf(OLD, undefined)]],
    ['a kid that is no text', [jwkOf(OLD, 7)]],
    ['a kid twice', [jwkOf(OLD, 'a'), jwkOf(NEW, 'a')]],
    ['no key', []],
    ['what is no key', [null]],
  ])('cannot hold %s', async (_name, keys) => {
    await expect(setFrom(keys)).rejects.toMatchObject({ code: 'PUSHCTL_CONFIG' })
  })

  it('is never part of an error', async () => {
    const failure = String(await setFrom([{ ...jwkOf(OLD, 'a'), kty: 'odd' }]).catch((e) => e))
    expect(failure).not.toContain(Buffer.from(OLD).toString('base64url'))
  })
})

describe('one key', () => {
  it('takes a token whatever its kid', async () => {
    const path = join(folder, 'key')
    await writeFile(path, OLD, { mode: 0o600 })
    const auth = await createDeviceAuth(path)
    expect(await auth.verify(await sign(OLD, 'anything'), 'a')).toBe(true)
  })

  it('forgives as much difference of the clocks as it is told', async () => {
    const path = join(folder, 'key')
    await writeFile(path, OLD, { mode: 0o600 })
    const late = { sub: 'a', exp: Math.floor(Date.now() / 1000) - 90 }
    const token = await sign(OLD, undefined, late)
    expect(await (await createDeviceAuth(path, 300_000)).verify(token, 'a')).toBe(true)
    expect(await (await createDeviceAuth(path, 0)).verify(token, 'a')).toBe('the token has expired')
  })
})
