/** Why a read failed, as one clause for people. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist here',
  ENOTDIR: 'does not exist here',
  EACCES: 'permission denied; root may be needed',
  EPERM: 'permission denied; root may be needed',
  EOPNOTSUPP: 'not supported by this device',
  EINVAL: 'not supported by this device',
  EIO: 'the kernel refused to read it',
  ESRCH: 'the process has ended',
  EISDIR: 'is a folder',
  ELOOP: 'is a loop of links',
}

export function readFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code
  if (code !== undefined) return REASONS[code] ?? `could not be read (${code})`
  return error instanceof Error ? error.message : String(error)
}
