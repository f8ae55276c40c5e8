/**
 * Puts back what --apply changed, byte for byte. A file that somebody changed since is left alone
 * and named: the newer decision may be the better one.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { sameValue } from './advice-plan.ts'
import { type HostFiles, isKernelFile } from './host-files.ts'
import {
  type HostIdentity,
  readState,
  type SavedFile,
  STATE_FILE,
  writeState,
} from './saved-state.ts'

export interface RollBackReport {
  readonly restored: readonly string[]
  /** Changed by somebody else since; still in the saved state. */
  readonly drifted: readonly { readonly path: string; readonly now: string | null }[]
  readonly refused: readonly { readonly path: string; readonly reason: string }[]
}

export async function rollBack(files: HostFiles, host: HostIdentity): Promise<RollBackReport> {
  const state = await readState(files)
  if (state === null) {
    throw new PushctlError('PUSHCTL_CONFIG', 'there is nothing to roll back on this host', {
      why: `--apply keeps what was there in ${STATE_FILE}, and there is no such file`,
    })
  }
  refuseOtherNamespace(state.host, host)
  const restored: string[] = []
  const drifted: { path: string; now: string | null }[] = []
  const refused: { path: string; reason: string }[] = []
  const left: SavedFile[] = []
  for (const saved of [...state.files].reverse()) {
    const now = await files.read(saved.path)
    if (now === saved.before) continue
    if (now === null || !isAsWritten(saved, now)) {
      drifted.push({ path: saved.path, now })
      left.unshift(saved)
      continue
    }
    try {
      if (saved.before === null) await files.remove(saved.path)
      else await files.write(saved.path, saved.before)
      restored.push(saved.path)
    } catch (error) {
      refused.push({ path: saved.path, reason: (error as Error).message })
      left.unshift(saved)
    }
  }
  if (left.length === 0) await files.remove(STATE_FILE)
  else await writeState(files, { host: state.host, files: left })
  return { restored, drifted, refused }
}

/** The kernel prints a vector with tabs, however it was written. */
function isAsWritten({ path, after }: SavedFile, now: string): boolean {
  return isKernelFile(path) ? sameValue(now, after) : now === after
}

/** The same path means another value in another network namespace. */
function refuseOtherNamespace(saved: HostIdentity, host: HostIdentity): void {
  const isSame = saved.networkInode === '' || host.networkInode === ''
  if (isSame || saved.networkInode === host.networkInode) return
  // After a reboot every namespace has a new number.
  if (saved.bootId !== host.bootId) return
  throw new PushctlError(
    'PUSHCTL_CONFIG',
    `the changes were made in network namespace ${saved.networkInode}, this is ` +
      `${host.networkInode}`,
    { why: 'the same setting has another value there' },
  )
}
