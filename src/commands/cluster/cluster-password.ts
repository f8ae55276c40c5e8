/** The password for Redis: from a file or the environment, never from a flag of its own. */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { readSecretFile } from '../../server/auth/secret-file.ts'

const OPTION = '--cluster-password-file'

/** undefined where there is none. Fails with PUSHCTL_FILE_UNREADABLE or PUSHCTL_CONFIG. */
export async function readClusterPassword(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  note: (line: string) => void,
): Promise<string | undefined> {
  if (file === undefined) return env['PUSHCTL_CLUSTER_PASSWORD'] || undefined
  const { text, warning } = await readSecretFile(OPTION, file)
  if (warning !== null) note(warning)
  const password = text.trim()
  if (password !== '') return password
  throw new PushctlError('PUSHCTL_CONFIG', `${OPTION} must hold a password, got an empty file`)
}
