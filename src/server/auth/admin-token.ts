/**
 * The admin token of a node: from --admin-token-file, or from PUSHCTL_ADMIN_TOKEN. It never comes
 * as a flag, because every user of a host can read the command lines of all processes.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { readSecretFile } from './secret-file.ts'

/** 16 characters of base64 are 96 bits: not to be guessed over the network. */
const ADMIN_TOKEN_LENGTH_MIN = 16
const TOKEN_PATTERN = /^[\x21-\x7e]+$/

export interface AdminToken {
  readonly token: string
  /** A sentence for stderr where others on this host may read the file; null where all is well. */
  readonly warning: string | null
}

export interface AdminTokenSource {
  readonly file: string | undefined
  /** Value of PUSHCTL_ADMIN_TOKEN; the file wins. */
  readonly environment: string | undefined
}

/** null where no token is configured. Fails with PUSHCTL_FILE_UNREADABLE or PUSHCTL_CONFIG. */
export async function readAdminToken(source: AdminTokenSource): Promise<AdminToken | null> {
  if (source.file !== undefined) {
    const { text, warning } = await readSecretFile('--admin-token-file', source.file)
    return { token: checkToken(text.trim(), `--admin-token-file ${source.file}`), warning }
  }
  const token = source.environment?.trim()
  if (token === undefined || token === '') return null
  return { token: checkToken(token, 'PUSHCTL_ADMIN_TOKEN'), warning: null }
}

/** The token, if it is one. Errors never repeat it. */
export function checkToken(token: string, origin: string): string {
  const rule = `${origin} must hold at least ${ADMIN_TOKEN_LENGTH_MIN} visible ASCII characters`
  const tries = ['head -c 32 /dev/urandom | base64 > admin-token; chmod 600 admin-token']
  if (token.length < ADMIN_TOKEN_LENGTH_MIN) {
    const why = 'a shorter token can be guessed'
    throw new PushctlError('PUSHCTL_CONFIG', `${rule}, got ${token.length}`, { why, tries })
  }
  if (!TOKEN_PATTERN.test(token)) {
    const why = 'it travels in an HTTP header'
    throw new PushctlError('PUSHCTL_CONFIG', `${rule}, got spaces or others`, { why, tries })
  }
  return token
}
