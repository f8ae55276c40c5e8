/**
 * Reads other hosts through the ssh that is installed and its own configuration, all at once. A
 * host that refuses is a result with its reason; the others are not kept waiting.
 */
import { randomBytes } from 'node:crypto'
import { execa } from 'execa'
import type { Facts } from '../facts.ts'
import { MemoryTree } from './capture-trees.ts'
import { CapturedSource } from './captured-source.ts'
import type { FactsRequest } from './read-facts.ts'
import { readFacts } from './read-facts.ts'
import { parseRemoteOutput } from './remote-output.ts'
import { remoteScript } from './remote-script.ts'

export type HostResult =
  | { readonly host: string; readonly facts: Facts }
  | { readonly host: string; readonly failure: string }

const CONNECT_SECONDS = 10
/** Beyond the window: two samples and the rest, on a slow host. */
const PATIENCE_MS = 60_000
const OUTPUT_BYTES_MAX = 128 * 1024 * 1024

/** `program` is ssh, or what stands in for it. */
export function readSshHosts(
  hosts: readonly string[],
  request: FactsRequest,
  signal: AbortSignal,
  program = 'ssh',
): Promise<HostResult[]> {
  return Promise.all(hosts.map((host) => readSshHost(host, request, signal, program)))
}

async function readSshHost(
  host: string,
  request: FactsRequest,
  signal: AbortSignal,
  program: string,
): Promise<HostResult> {
  const marker = randomBytes(12).toString('hex')
  const options = ['-T', '-o', 'BatchMode=yes', '-o', `ConnectTimeout=${CONNECT_SECONDS}`]
  const outcome = await execa(program, [...options, '--', host, 'sh -s'], {
    input: remoteScript({ ...request, marker }),
    reject: false,
    cancelSignal: signal,
    timeout: request.windowMs + PATIENCE_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
    stripFinalNewline: false,
  })
  if (signal.aborted) throw signal.reason
  const { files, complete } = parseRemoteOutput(outcome.stdout ?? '', marker)
  if (!complete) return { host, failure: failureText(outcome) }
  const source = new CapturedSource({ kind: 'ssh', name: host }, new MemoryTree(files))
  return { host, facts: await readFacts(source, request) }
}

interface SshOutcome {
  readonly stderr?: string | undefined
  readonly exitCode?: number | undefined
  readonly timedOut: boolean
  readonly isMaxBuffer: boolean
  readonly code?: string | undefined
}

function failureText(outcome: SshOutcome): string {
  if (outcome.code === 'ENOENT') return 'ssh is not installed here'
  if (outcome.timedOut) return 'did not answer in time'
  if (outcome.isMaxBuffer) return `printed more than ${OUTPUT_BYTES_MAX} bytes`
  const said = (outcome.stderr ?? '').trim().split('\n').at(-1) ?? ''
  return said === '' ? `ssh ended with status ${outcome.exitCode ?? 'unknown'}` : said
}
