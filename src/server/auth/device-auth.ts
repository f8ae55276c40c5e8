/**
 * Whether a device may open a session: its HELLO token must be a JWT signed by the operator, whose
 * `sub` is the device id and which has not expired. A check costs about 50 µs of a crypto thread,
 * so the answer comes as a promise.
 */
import { decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { DeviceKey } from './device-key.ts'
import { type DeviceKeySet, keysFor, readDeviceKeys } from './device-key-set.ts'

const CLOCK_SKEW_MS = 60_000
/** A token is parsed before it is trusted, so its length is bounded first. */
const TOKEN_LENGTH_MAX = 4_096

export interface DeviceAuth {
  /** true, or the reason of BYE 4003. Never rejects. */
  verify(token: string, deviceId: string): Promise<true | string>
  /** A sentence for stderr where others on this host may read the secret. */
  readonly warning: string | null
}

/** Fails with PUSHCTL_FILE_UNREADABLE or PUSHCTL_CONFIG. `path`: a file or a folder. */
export async function createDeviceAuth(
  path: string,
  clockSkewMs = CLOCK_SKEW_MS,
): Promise<DeviceAuth> {
  const set = await readDeviceKeys(path)
  return {
    verify: (token, deviceId) => verifyToken(set, clockSkewMs, token, deviceId),
    warning: set.warning,
  }
}

async function verifyToken(
  set: DeviceKeySet,
  clockSkewMs: number,
  token: string,
  deviceId: string,
): Promise<true | string> {
  if (token === '') return 'a token is needed'
  if (token.length > TOKEN_LENGTH_MAX) return 'the token is too long'
  const keys = keysFor(set.keys, kidOf(token))
  let reason = 'the key of the token is not known'
  for (const key of keys) {
    const verdict = await verifyWith(key, clockSkewMs, token, deviceId)
    if (verdict === true) return true
    reason = verdict
    // Signed by this key, but no good: another key would not change that.
    if (!TRY_NEXT_KEY.has(verdict)) return verdict
  }
  return reason
}

const WRONG_ALGORITHM = 'the algorithm of the token is not accepted'
const WRONG_SIGNATURE = 'the signature is wrong'
const TRY_NEXT_KEY: ReadonlySet<string> = new Set([WRONG_ALGORITHM, WRONG_SIGNATURE])

async function verifyWith(
  key: DeviceKey,
  clockSkewMs: number,
  token: string,
  deviceId: string,
): Promise<true | string> {
  try {
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [...key.algorithms],
      requiredClaims: ['sub', 'exp'],
      clockTolerance: clockSkewMs / 1000,
    })
    return payload.sub === deviceId ? true : 'the token is for another device'
  } catch (failure) {
    return reasonOf(failure)
  }
}

/** As the token says it: only chooses among keys that are trusted anyway. */
function kidOf(token: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(token)
    return typeof kid === 'string' ? kid : undefined
  } catch {
    return undefined
  }
}

function reasonOf(failure: unknown): string {
  if (failure instanceof errors.JWTExpired) return 'the token has expired'
  if (failure instanceof errors.JWTClaimValidationFailed) {
    if (failure.reason === 'missing') return `the token has no ${failure.claim}`
    return failure.claim === 'nbf' ? 'the token is not valid yet' : 'a claim of the token is wrong'
  }
  if (failure instanceof errors.JOSEAlgNotAllowed) return WRONG_ALGORITHM
  if (failure instanceof errors.JWSSignatureVerificationFailed) return WRONG_SIGNATURE
  return 'the token is not a JWT'
}
