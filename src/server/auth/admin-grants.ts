/**
 * Who may do what over the HTTP API: the tokens of --admin-token-file, one a line, each with its
 * scopes. Tokens are compared as digests of one length, and with all of them, whichever it is.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { PushctlError } from '../../errors/pushctl-error.ts'
import {
  type AdminToken,
  type AdminTokenSource,
  checkToken,
  readAdminToken,
} from './admin-token.ts'
import { readSecretFile } from './secret-file.ts'

export const SCOPES = ['push', 'kick', 'read'] as const
export type Scope = (typeof SCOPES)[number]

export interface AdminGrant {
  /** SHA-256 of the token. */
  readonly digest: Buffer
  readonly scopes: readonly Scope[]
}

const EXAMPLE = 'uJ3C0p0bWgQ9q8vFvYbqWw push,read'

/**
 * The text of the file, or the token of the environment, for grantsFromText(). null where neither
 * is configured. Fails with PUSHCTL_FILE_UNREADABLE or PUSHCTL_CONFIG.
 */
export async function readAdminTokens(source: AdminTokenSource): Promise<AdminToken | null> {
  if (source.file === undefined) return readAdminToken(source)
  const { text, warning } = await readSecretFile('--admin-token-file', source.file)
  grantsFromText(text, `--admin-token-file ${source.file}`)
  return { token: text, warning }
}

/**
 * The grant of a token, null where it has none. Compares with all of them, whichever it is, so that
 * the time tells nothing.
 */
export function findGrant(grants: readonly AdminGrant[], token: string): AdminGrant | null {
  const digest = digestOf(token)
  let found: AdminGrant | null = null
  for (const grant of grants) if (timingSafeEqual(digest, grant.digest)) found = grant
  return found
}

/** A token a line. `origin` is what an error names. */
export function grantsFromText(text: string, origin = 'the admin token'): readonly AdminGrant[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const grants = lines.flatMap((line, index) =>
    line === '' || line.startsWith('#') ? [] : [grantFromLine(line, `${origin} line ${index + 1}`)],
  )
  // The message of an empty file is that of an empty token.
  if (grants.length === 0) checkToken('', origin)
  const digests = new Set(grants.map(({ digest }) => digest.toString('hex')))
  if (digests.size === grants.length) return grants
  throw new PushctlError('PUSHCTL_CONFIG', `${origin} must hold each token once, got one twice`)
}

/** Nothing of the line is repeated in an error: whatever stands in it may be the secret. */
function grantFromLine(line: string, origin: string): AdminGrant {
  const [token = '', scopeText, ...rest] = line.split(/[ \t]+/)
  const scopes = scopeText === undefined ? SCOPES : scopeText.split(',')
  if (rest.length > 0 || !scopes.every(isScope)) {
    const rule = `${origin} must be a token, and behind it any of ${SCOPES.join(', ')} with commas`
    throw new PushctlError('PUSHCTL_CONFIG', `${rule}, got something else`, {
      tries: [`a line such as: ${EXAMPLE}`],
    })
  }
  return { digest: digestOf(checkToken(token, origin)), scopes }
}

function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text)
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
