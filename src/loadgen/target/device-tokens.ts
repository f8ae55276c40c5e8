/**
 * Device tokens as `serve --auth-secret-file` checks them: a JWT (RFC 7519) signed with HS256,
 * `sub` the device id. Ids of a run are equally long, so tokens are too, and a HELLO stays a
 * template. A token is made when its device connects: 3 µs and a few short-lived strings, because a
 * signature cannot be a template. Synchronous, which is why jose does not make it; a test lets jose
 * check it.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { type DeviceNames, deviceIdOf, writeDigits } from '../device-names.ts'

const HEAD = `${base64Url(Buffer.from('{"alg":"HS256","typ":"JWT"}'))}.`
const SIGNATURE_CHARACTERS = 43
/** RFC 7518 section 3.2. */
const SECRET_BYTES_MIN = 32

export class DeviceTokens {
  /** Of every token. */
  readonly length: number
  readonly #key: KeyObject
  readonly #names: DeviceNames
  readonly #claims: Buffer
  readonly #digitsAt: number

  /** `expiresAtSeconds`: of the Unix epoch. */
  constructor(secret: Uint8Array, names: DeviceNames, expiresAtSeconds: number) {
    this.#key = createSecretKey(secret)
    this.#names = names
    this.#claims = Buffer.from(
      JSON.stringify({ exp: Math.ceil(expiresAtSeconds), sub: deviceIdOf(names, 0) }),
    )
    this.#digitsAt = this.#claims.indexOf(names.prefix) + names.prefix.length
    this.length = HEAD.length + base64Url(this.#claims).length + 1 + SIGNATURE_CHARACTERS
  }

  /** The token of a connection's device. */
  tokenOf(connection: number): string {
    writeDigits(this.#claims, this.#digitsAt, this.#names.digits, connection)
    const signed = HEAD + base64Url(this.#claims)
    return `${signed}.${createHmac('sha256', this.#key).update(signed).digest('base64url')}`
  }
}

/**
 * What a file holds that `serve` takes as a shared secret: the secret itself, or a JWK of kty oct.
 * @throws PushctlError PUSHCTL_CONFIG for keys that cannot sign, or short ones
 */
export function deviceSecretFrom(text: string, path: string): Uint8Array {
  const trimmed = text.trim()
  const secret = trimmed.startsWith('{') ? secretOfJwk(trimmed) : Buffer.from(trimmed)
  const isKey = secret !== null && !trimmed.startsWith('-----BEGIN')
  if (isKey && secret.length >= SECRET_BYTES_MIN) return secret
  const got = isKey ? `${secret.length} bytes` : 'another kind of key'
  throw new PushctlError(
    'PUSHCTL_CONFIG',
    `--auth-secret-file must hold a shared secret of at least ${SECRET_BYTES_MIN} bytes, ` +
      `got ${got} in ${path}`,
    { why: 'bench signs a token for each device with it (HS256)', tries: ['openssl rand -hex 32'] },
  )
}

function secretOfJwk(json: string): Uint8Array | null {
  try {
    const { kty, k } = JSON.parse(json)
    return kty === 'oct' && typeof k === 'string' ? Buffer.from(k, 'base64url') : null
  } catch {
    return null
  }
}

function base64Url(bytes: Buffer): string {
  return bytes.toString('base64url')
}
