/**
 * From `--remote-shell 'kubectl exec -i {host} --'` to the words of a command. No shell is asked:
 * quotes group words, and {host} is put into the words afterwards, so a host name means nothing to
 * anybody but the program that gets it.
 */
import { commandWords } from '../../config/command-words.ts'
import { isSshHost } from '../../config/ssh-host.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'

const HOST_WORD = '{host}'
/** ssh with its own configuration; never asks, because nobody could answer for several hosts. */
const SSH = ['ssh', '-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '--', HOST_WORD]

export interface RemoteShell {
  /** null: ssh. */
  readonly shell: string | null
  /** What starts pushctl there. */
  readonly pushctl: string
}

/** @throws PushctlError PUSHCTL_USAGE */
export function remoteCommand({ shell, pushctl }: RemoteShell, host: string): string[] {
  const words = shell === null ? SSH : wordsOf('--remote-shell', shell)
  const start = wordsOf('--remote-pushctl', pushctl)
  const own = words.map((word) => word.replaceAll(HOST_WORD, host))
  return [...own, ...start, 'bench', 'worker']
}

/** What is wrong with hosts and remote shell, all at once. */
export function remoteFaults(remote: RemoteShell, hosts: readonly string[]): PushctlError[] {
  const faults: PushctlError[] = []
  const { shell } = remote
  for (const host of hosts) {
    // Pods have names such as deploy/generator; what begins with a dash would be an option.
    const isName = shell === null ? isSshHost(host) : /^(?!-)[\w.@:[\]%/-]+$/.test(host)
    if (!isName) faults.push(usage(`--on must name hosts, got "${host.slice(0, 60)}"`))
  }
  for (const host of hosts.filter((name, index) => hosts.indexOf(name) < index)) {
    faults.push(usage(`--on names ${host} twice`))
  }
  try {
    remoteCommand(remote, 'host')
  } catch (error) {
    if (!(error instanceof PushctlError)) throw error
    faults.push(error)
  }
  if (hosts.length > 1 && shell !== null && !shell.includes(HOST_WORD)) {
    faults.push(usage(`--remote-shell must have ${HOST_WORD} in it where --on names several hosts`))
  }
  return faults
}

function wordsOf(flag: string, text: string): string[] {
  const words = commandWords(text)
  if (typeof words === 'string') throw usage(`${flag} ${words}`)
  return words
}

function usage(message: string): PushctlError {
  return new PushctlError('PUSHCTL_USAGE', message, {
    tries: [
      '--on load-1,load-2',
      "--on pod/load-0,pod/load-1 --remote-shell 'kubectl exec -i {host} --'",
    ],
  })
}
