/**
 * Reads --auth-secret-file: a shared secret (HS256) or an Ed25519 public key (EdDSA) as PEM or JWK.
 * The file decides the one algorithm that is accepted; what a token says about itself is never
 * believed, so a public key cannot be passed off as a shared secret.
 */
import { webcrypto } from 'node:crypto'
import { type CryptoKey, importJWK, importSPKI } from 'jose'
import { PushctlError } from '../../errors/pushctl-error.ts'

/** RFC 7518 section 3.2: an HS256 key has at least the 256 bits of the hash. */
const SECRET_BYTES_MIN = 32

export interface DeviceKey {
  readonly key: CryptoKey
  /** As `alg` of the token names it; EdDSA has a second name since RFC 9864. */
  readonly algorithms: readonly string[]
}

const ED25519 = ['EdDSA', 'Ed25519']

/** Fails with PUSHCTL_CONFIG, saying what the file should hold. */
export async function deviceKeyFromText(text: string, path: string): Promise<DeviceKey> {
  const trimmed = text.trim()
  if (trimmed.startsWith('-----BEGIN')) return keyFromPem(trimmed, path)
  if (trimmed.startsWith('{')) return keyFromJwk(trimmed, path)
  return keyFromSecret(Buffer.from(trimmed), path)
}

async function keyFromPem(pem: string, path: string): Promise<DeviceKey> {
  if (pem.includes('PRIVATE KEY')) {
    throw wrongKey(path, 'a private key', 'openssl pkey -in KEY -pubout -out device-auth.pem')
  }
  try {
    return { key: await importSPKI(pem, 'EdDSA'), algorithms: ED25519 }
  } catch (cause) {
    throw wrongKey(path, 'another PEM', 'openssl genpkey -algorithm ed25519 -out KEY', cause)
  }
}

async function keyFromJwk(json: string, path: string): Promise<DeviceKey> {
  let jwk: Record<string, unknown>
  try {
    jwk = JSON.parse(json) as Record<string, unknown>
  } catch (cause) {
    throw wrongKey(path, 'JSON that cannot be parsed', undefined, cause)
  }
  if (jwk.kty === 'oct' && typeof jwk.k === 'string') {
    return keyFromSecret(Buffer.from(jwk.k, 'base64url'), path)
  }
  if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519') throw wrongKey(path, `a JWK of kty ${jwk.kty}`)
  if (jwk.d !== undefined) throw wrongKey(path, 'a private key', 'remove "d" from the JWK')
  try {
    return { key: (await importJWK(jwk, 'EdDSA')) as CryptoKey, algorithms: ED25519 }
  } catch (cause) {
    throw wrongKey(path, 'a JWK that is not a key', undefined, cause)
  }
}

async function keyFromSecret(secret: Buffer, path: string): Promise<DeviceKey> {
  if (secret.length < SECRET_BYTES_MIN) {
    const advice = `head -c 48 /dev/urandom | base64 > ${path}; chmod 600 ${path}`
    throw wrongKey(path, `a secret of ${secret.length} bytes`, advice)
  }
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const key = await webcrypto.subtle.importKey('raw', secret, hmac, false, ['verify'])
  return { key, algorithms: ['HS256'] }
}

function wrongKey(path: string, got: string, advice?: string, cause?: unknown): PushctlError {
  const rule =
    `--auth-secret-file must hold a secret of at least ${SECRET_BYTES_MIN} bytes (HS256), or an ` +
    'Ed25519 public key as PEM or JWK (EdDSA)'
  return new PushctlError('PUSHCTL_CONFIG', `${rule}, got ${got} in ${path}`, {
    tries: advice === undefined ? [] : [advice],
    cause,
  })
}
