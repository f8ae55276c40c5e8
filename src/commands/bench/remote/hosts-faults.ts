/** What `--on` needs beside it. */
import { PushctlError } from '../../../errors/pushctl-error.ts'
import { remoteFaults } from '../../../loadgen/remote/remote-shell.ts'
import type { BenchOptions } from '../../bench-settings.ts'

/** `pushctl bench worker` is what --on starts on a host. */
export function isWorker(positional: readonly string[]): boolean {
  return positional.length === 1 && positional[0] === 'worker'
}

export function hostsFaults(
  options: BenchOptions,
  positional: readonly string[],
): readonly PushctlError[] {
  const { hosts, remoteShell = null, remotePushctl } = options
  if (hosts.length === 0) {
    return remoteShell === null ? [] : [fault('--remote-shell needs hosts', '--on load-1,load-2')]
  }
  return [
    ...remoteFaults({ shell: remoteShell, pushctl: remotePushctl }, hosts),
    ...(positional.length === 0 && options.dispatch.length === 0
      ? [fault('--on needs a TARGET: a node of its own would be on one of the hosts')]
      : []),
  ]
}

function fault(message: string, ...tries: string[]): PushctlError {
  return new PushctlError('PUSHCTL_USAGE', message, { tries })
}
