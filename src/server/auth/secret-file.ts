/**
 * Reads a small file that holds a secret, and says so when every user of the host may read it too.
 */
import { open } from 'node:fs/promises'
import { PushctlError } from '../../errors/pushctl-error.ts'

/** Keys and tokens are small: a larger file is the wrong file. */
const SECRET_BYTES_MAX = 64 * 1024
const READABLE_BY_OTHERS = 0o004

export interface SecretFile {
  readonly text: string
  readonly warning: string | null
}

/** Fails with PUSHCTL_FILE_UNREADABLE, naming the option that the file was given by. */
export async function readSecretFile(option: string, path: string): Promise<SecretFile> {
  const handle = await open(path, 'r').catch((cause) => {
    throw unreadable(option, path, String((cause as { code?: unknown }).code), cause)
  })
  try {
    const { mode, size } = await handle.stat()
    if (size > SECRET_BYTES_MAX) throw unreadable(option, path, `${size} bytes`)
    const text = await handle.readFile('utf8').catch((cause) => {
      throw unreadable(option, path, String((cause as { code?: unknown }).code), cause)
    })
    const isOpen = process.platform !== 'win32' && (mode & READABLE_BY_OTHERS) !== 0
    const warning = `${option} ${path} can be read by every user of this host: chmod 600 ${path}`
    return { text, warning: isOpen ? warning : null }
  } finally {
    await handle.close()
  }
}

function unreadable(option: string, path: string, got: string, cause?: unknown): PushctlError {
  const rule = `${option} must be a readable file of at most ${SECRET_BYTES_MAX} bytes`
  return new PushctlError('PUSHCTL_FILE_UNREADABLE', `${rule}, got ${got} for ${path}`, { cause })
}
