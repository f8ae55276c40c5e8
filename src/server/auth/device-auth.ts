/**
 * Whether a device may open a session: its HELLO token must be a JWT signed by the operator, whose
 * `sub` is the device id and which has not expired. A check costs about 50 µs of a crypto thread,
 * so the answer comes as a promise.
 */
import { errors, jwtVerify } from 'jose'
import { type DeviceKey, deviceKeyFromText } from './device-key.ts'
import { readSecretFile } from './secret-file.ts'

const CLOCK_SKEW_SECONDS = 60
/** A token is parsed before it is trusted, so its length is bounded first. */
const TOKEN_LENGTH_MAX = 4_096

export interface DeviceAuth {
  /** true, or the reason of BYE 4003. Never rejects. */
  verify(token: string, deviceId: string): Promise<true | string>
  /** A sentence for stderr where others on this host may read the secret. */
  readonly warning: string | null
}

/** Fails with PUSHCTL_FILE_UNREADABLE or PUSHCTL_CONFIG. */
export async function createDeviceAuth(secretFile: string): Promise<DeviceAuth> {
  const { text, warning } = await readSecretFile('--auth-secret-file', secretFile)
  const key = await deviceKeyFromText(text, secretFile)
  return { verify: (token, deviceId) => verifyToken(key, token, deviceId), warning }
}

async function verifyToken(
  key: DeviceKey,
  token: string,
  deviceId: string,
): Promise<true | string> {
  if (token === '') return 'a token is needed'
  if (token.length > TOKEN_LENGTH_MAX) return 'the token is too long'
  try {
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [...key.algorithms],
      requiredClaims: ['sub', 'exp'],
      clockTolerance: CLOCK_SKEW_SECONDS,
    })
    return payload.sub === deviceId ? true : 'the token is for another device'
  } catch (failure) {
    return reasonOf(failure)
  }
}

function reasonOf(failure: unknown): string {
  if (failure instanceof errors.JWTExpired) return 'the token has expired'
  if (failure instanceof errors.JWTClaimValidationFailed) {
    if (failure.reason === 'missing') return `the token has no ${failure.claim}`
    return failure.claim === 'nbf' ? 'the token is not valid yet' : 'a claim of the token is wrong'
  }
  if (failure instanceof errors.JOSEAlgNotAllowed)
    return 'the algorithm of the token is not accepted'
  if (failure instanceof errors.JWSSignatureVerificationFailed) return 'the signature is wrong'
  return 'the token is not a JWT'
}
