/**
 * The keys that device tokens are checked with: one file, a JWK set, or a folder with a key in each
 * file. Several, so that an issuer can change its key while tokens of the old one are still about:
 * `kid` in the head of a token says which key it was signed with.
 */
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { type DeviceKey, deviceKeyFromText } from './device-key.ts'
import { readSecretFile } from './secret-file.ts'

/** Tokens without a `kid` are tried with each key, so their number is bounded. */
const KEYS_MAX = 16
const OPTION = '--auth-secret-file'

export interface NamedKey extends DeviceKey {
  /** null for a file that holds one key: the `kid` of a token does not matter then. */
  readonly kid: string | null
}

export interface DeviceKeySet {
  readonly keys: readonly NamedKey[]
  readonly warning: string | null
}

/** Fails with PUSHCTL_FILE_UNREADABLE or PUSHCTL_CONFIG. */
export async function readDeviceKeys(path: string): Promise<DeviceKeySet> {
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() === true
  const set = isFolder ? await keysFromFolder(path) : await keysFromFile(path)
  if (set.keys.length >= 1 && set.keys.length <= KEYS_MAX) return set
  const rule = `${OPTION} must hold 1 to ${KEYS_MAX} keys`
  throw new PushctlError('PUSHCTL_CONFIG', `${rule}, got ${set.keys.length} in ${path}`)
}

/** Those that may have signed a token: the one that it names, or each where it names none. */
export function keysFor(keys: readonly NamedKey[], kid: string | undefined): readonly NamedKey[] {
  const isAnonymous = keys.length === 1 && keys[0]?.kid === null
  return kid === undefined || isAnonymous ? keys : keys.filter((key) => key.kid === kid)
}

async function keysFromFolder(folder: string): Promise<DeviceKeySet> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => {
    const got = String((cause as { code?: unknown }).code)
    const rule = `${OPTION} must be a file or folder that can be read`
    throw new PushctlError('PUSHCTL_FILE_UNREADABLE', `${rule}, got ${got} for ${folder}`, {
      cause,
    })
  })
  // Names with a dot in front are those of editors, and of mounted secrets being replaced.
  const names = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
  const keys: NamedKey[] = []
  const warnings: string[] = []
  for (const name of names.slice(0, KEYS_MAX + 1)) {
    const path = join(folder, name)
    const { text, warning } = await readSecretFile(OPTION, path)
    const kid = basename(name, extname(name))
    keys.push({ ...(await deviceKeyFromText(text, path)), kid })
    if (warning !== null) warnings.push(warning)
  }
  refuseTwice(keys, folder)
  return { keys, warning: warnings[0] ?? null }
}

async function keysFromFile(path: string): Promise<DeviceKeySet> {
  const { text, warning } = await readSecretFile(OPTION, path)
  const members = jwkSetMembers(text)
  if (members === null) {
    return { keys: [{ ...(await deviceKeyFromText(text, path)), kid: null }], warning }
  }
  const keys: NamedKey[] = []
  for (const member of members.slice(0, KEYS_MAX + 1)) {
    const kid = (member as { kid?: unknown } | null)?.kid
    if (typeof kid !== 'string' || kid === '') {
      const rule = `${OPTION} must name each key of a set by "kid"`
      throw new PushctlError('PUSHCTL_CONFIG', `${rule}, got one without in ${path}`)
    }
    keys.push({ ...(await deviceKeyFromText(JSON.stringify(member), path)), kid })
  }
  refuseTwice(keys, path)
  return { keys, warning }
}

/** The members of a JWK set (RFC 7517, section 5); null where the text is none. */
function jwkSetMembers(text: string): readonly unknown[] | null {
  if (!text.trimStart().startsWith('{')) return null
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown }
    return Array.isArray(keys) ? keys : null
  } catch {
    return null
  }
}

function refuseTwice(keys: readonly NamedKey[], path: string): void {
  if (new Set(keys.map(({ kid }) => kid)).size === keys.length) return
  const rule = `${OPTION} must hold each kid once`
  throw new PushctlError('PUSHCTL_CONFIG', `${rule}, got one twice in ${path}`)
}
