/** The hosts of --on, greeted; and what to say where none of them is left. */
import { packageVersion } from '../../../config/package-root.ts'
import { ERROR_EXIT_CODES, type ErrorCode } from '../../../errors/error-codes.ts'
import { PushctlError } from '../../../errors/pushctl-error.ts'
import type { FailedMessage } from '../../../loadgen/remote/control-messages.ts'
import { HostGroup } from '../../../loadgen/remote/host-group.ts'
import { hostIdentity } from '../../../loadgen/remote/host-identity.ts'
import { type RemoteShell, remoteCommand } from '../../../loadgen/remote/remote-shell.ts'
import type { BenchOptions } from '../../bench-settings.ts'

/** ssh has 10 s to connect, a worker some more to load on a small host. */
const GREET_MS_MAX = 30_000

/** Whoever has the group closes it, whatever comes. */
export function openHosts({ hosts, remoteShell, remotePushctl }: BenchOptions): HostGroup {
  const shell: RemoteShell = { shell: remoteShell ?? null, pushctl: remotePushctl }
  const commands = hosts.map((name) => ({ name, words: remoteCommand(shell, name) }))
  return new HostGroup(commands, {
    version: packageVersion(),
    clockId: hostIdentity().clockId,
  })
}

/** @throws PushctlError where nobody came, and what the signal was aborted with */
export async function greetHosts(group: HostGroup, signal: AbortSignal): Promise<void> {
  await group.greet(GREET_MS_MAX, signal)
  signal.throwIfAborted()
  failWhereNobodyIs(group)
}

/** @throws PushctlError PUSHCTL_HOSTS_LOST, or what all hosts failed with */
export function failWhereNobodyIs(group: HostGroup): void {
  if (group.living.length > 0) return
  const [first] = group.states
  const reasons = group.states.map(({ name, lost }) => `${name}: ${lost}`)
  // All of one mind, such as a target that does not listen: then it is that.
  const isShared = group.states.every(({ failed }) => failed?.message === first.failed?.message)
  const shared = first.failed === null || !isShared ? null : errorOf(first.failed)
  if (shared !== null) throw shared
  throw new PushctlError('PUSHCTL_HOSTS_LOST', 'no host of --on is left to drive from', {
    why: reasons.join('; '),
    tries: [
      `${first.words.join(' ')}   (should print one line and wait)`,
      '--remote-pushctl with the path of pushctl on the hosts',
    ],
  })
}

/** What a host said of why it cannot, as an error of ours; null: it is none that we know. */
export function errorOf(failed: FailedMessage, host?: string): PushctlError | null {
  const { code, message, why, tries } = failed
  if (code === null || !(code in ERROR_EXIT_CODES)) return null
  const said = host === undefined ? message : `${host}: ${message}`
  return new PushctlError(code as ErrorCode, said, { ...(why ? { why } : {}), tries })
}
