/**
 * Runs the command that restarts a node, or puts it back: what the user gave, in a shell, here or
 * through the remote shell. A record comes from Redis, so only what cannot mean anything to a shell
 * goes into the command: the name, and a host that passes isSshHost(); the rest is environment.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeRecord } from '../../cluster/node-record.ts'
import { commandWords } from '../../config/command-words.ts'
import { isSshHost } from '../../config/ssh-host.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { plainText } from '../../report/table.ts'

export interface RestartCommand {
  /** For a shell; {node} and {host} stand for the node's name and host. */
  readonly text: string
  /** `ssh {host}`: gets the command as its last word. null: the shell of this host. */
  readonly remoteShell: string | null
  readonly timeLimitMs: number
}

export interface CommandOutcome {
  /** '' where it ended with 0; else why it did not. */
  readonly failure: string
  readonly seconds: number
}

const LAST_BYTES_MAX = 4_096
const LAST_LINE_LENGTH_MAX = 200

/** The program and its words. Throws PUSHCTL_CONFIG where the host cannot be put into one. */
export function restartWords(command: RestartCommand, node: NodeRecord): string[] {
  const host = hostOf(node)
  const fill = (text: string): string => {
    if (!text.includes('{host}')) return text.replaceAll('{node}', node.name)
    if (host === null) {
      const message = `node ${node.name} must tell a host that a shell can take, got "${node.http}"`
      throw new PushctlError('PUSHCTL_CONFIG', message, { tries: ['serve --advertise-http'] })
    }
    return text.replaceAll('{node}', node.name).replaceAll('{host}', host)
  }
  if (command.remoteShell === null) return ['/bin/sh', '-c', fill(command.text)]
  const words = commandWords(command.remoteShell)
  if (typeof words === 'string') throw new PushctlError('PUSHCTL_CONFIG', `--remote-shell ${words}`)
  return [...words.map(fill), fill(command.text)]
}

/** Without brackets; null where it is no host for a shell. */
export function hostOf({ http }: NodeRecord): string | null {
  if (!URL.canParse(http)) return null
  const host = new URL(http).hostname.replace(/^\[(.*)\]$/, '$1')
  return isSshHost(host) ? host : null
}

/** Never fails for what the command does; only where the signal is aborted. */
export function runForNode(
  command: RestartCommand,
  node: NodeRecord,
  signal: AbortSignal,
): Promise<CommandOutcome> {
  const env = {
    PUSHCTL_ROLLOUT_NODE: node.name,
    PUSHCTL_ROLLOUT_SITE: node.site,
    PUSHCTL_ROLLOUT_HTTP: node.http,
  }
  return runWords(restartWords(command, node), env, command.timeLimitMs, signal)
}

/** A command of the user for this host's shell. Fails as runForNode() does. */
export function runHere(
  text: string,
  env: Readonly<Record<string, string>>,
  timeLimitMs: number,
  signal: AbortSignal,
): Promise<CommandOutcome> {
  return runWords(['/bin/sh', '-c', text], env, timeLimitMs, signal)
}

async function runWords(
  [program, ...words]: readonly string[],
  env: Readonly<Record<string, string>>,
  timeLimitMs: number,
  signal: AbortSignal,
): Promise<CommandOutcome> {
  const startedMs = performance.now()
  // A file and no pipe: a node that the command leaves behind keeps it open, and must not be
  // waited for, or die of a pipe that nobody reads any more.
  const said = await openSaid()
  try {
    const outcome = await endOf(program, words, { env, timeLimitMs, signal, fd: said.handle.fd })
    if (signal.aborted) throw signal.reason
    const seconds = (performance.now() - startedMs) / 1_000
    return { failure: failureOf(outcome, await said.lastLine(), timeLimitMs), seconds }
  } finally {
    await said.close()
  }
}

interface Circumstances {
  readonly env: Readonly<Record<string, string>>
  readonly timeLimitMs: number
  readonly signal: AbortSignal
  /** Takes its stderr. */
  readonly fd: number
}

function endOf(
  program: string,
  words: readonly string[],
  { env, timeLimitMs, signal, fd }: Circumstances,
): Promise<Ended> {
  const limit = AbortSignal.timeout(timeLimitMs)
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      stdio: ['ignore', 'ignore', fd],
      // Ctrl-C in this terminal is not for the node that it starts.
      detached: true,
      env: { ...process.env, ...env },
      signal: AbortSignal.any([signal, limit]),
    })
    child.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ exitCode: null, cause: error.code ?? error.message, timedOut: limit.aborted })
    })
    child.on('exit', (exitCode, by) => {
      resolve({ exitCode, cause: by ?? '', timedOut: limit.aborted })
    })
  })
}

async function openSaid() {
  const folder = await mkdtemp(join(tmpdir(), 'pushctl-restart-'))
  const handle = await open(join(folder, 'stderr'), 'w+')
  return {
    handle,
    async lastLine(): Promise<string> {
      const { size } = await handle.stat()
      const from = Math.max(0, size - LAST_BYTES_MAX)
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(LAST_BYTES_MAX), {
        position: from,
      })
      const text = buffer.toString('utf8', 0, bytesRead)
      return plainText(text.trim().split('\n').at(-1) ?? '').slice(0, LAST_LINE_LENGTH_MAX)
    },
    async close(): Promise<void> {
      await handle.close()
      await rm(folder, { recursive: true })
    },
  }
}

interface Ended {
  readonly exitCode: number | null
  /** Name of a signal or of an error of the system; '' with an exit code. */
  readonly cause: string
  readonly timedOut: boolean
}

function failureOf(outcome: Ended, said: string, timeLimitMs: number): string {
  if (outcome.timedOut) return `it took longer than ${timeLimitMs / 1_000} s`
  if (outcome.exitCode === 0) return ''
  const { exitCode, cause } = outcome
  const end = exitCode === null ? `it ended by ${cause}` : `it ended with ${exitCode}`
  return said === '' ? end : `${end}: ${said}`
}
