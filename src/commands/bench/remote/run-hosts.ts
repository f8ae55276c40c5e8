/**
 * `bench --on`: the head of a run on several hosts. It starts a worker on each, gives each its
 * share, lets them begin together, and makes one report of theirs. A host that does not come takes
 * no share; one that is lost later takes its share with it, which the report says. It fails only
 * where all are gone.
 */
import { randomInt } from 'node:crypto'
import { packageVersion } from '../../../config/package-root.ts'
import { ERROR_EXIT_CODES, type ErrorCode } from '../../../errors/error-codes.ts'
import { PushctlError } from '../../../errors/pushctl-error.ts'
import { newRunId } from '../../../loadgen/bench-setup.ts'
import { HostGroup, type HostState } from '../../../loadgen/remote/host-group.ts'
import type { SetupMessage } from '../../../loadgen/remote/control-messages.ts'
import { hostIdentity } from '../../../loadgen/remote/host-identity.ts'
import { type RemoteShell, remoteCommand } from '../../../loadgen/remote/remote-shell.ts'
import type { BenchHooks } from '../../../loadgen/run-hooks.ts'
import { type BenchSettings, pushKindsOf } from '../../../loadgen/workload.ts'
import type { RunReport } from '../../../stats/run-report.ts'
import { BENCH_OPTIONS } from '../../bench-options.ts'
import type { BenchOptions } from '../../bench-settings.ts'
import { divideOverHosts } from './host-shares.ts'
import { joinProgress } from './hosts-progress.ts'
import { hostsReport } from './hosts-report.ts'
import { wordsFromOptions } from './option-transfer.ts'

export interface HostsOrder {
  readonly options: BenchOptions
  /** Of the whole run. */
  readonly settings: BenchSettings
  readonly positional: readonly string[]
  note(line: string): void
}

type HostsHooks = Pick<BenchHooks, 'signal' | 'onProgress'>

/** ssh has 10 s to connect, a worker some more to load on a small host. */
const GREET_MS_MAX = 30_000
const PROGRESS_MS = 1_000
/** Beyond the measured time: connecting and draining have limits of their own. */
const STOP_MS_MAX = 60_000

/** @throws PushctlError where no host is left */
export async function runOnHosts(ordered: HostsOrder, hooks: HostsHooks): Promise<RunReport> {
  const { options, note } = ordered
  const shell: RemoteShell = { shell: options.remoteShell ?? null, pushctl: options.remotePushctl }
  const commands = options.hosts.map((name) => ({ name, words: remoteCommand(shell, name) }))
  const own = { version: packageVersion(), clockId: hostIdentity().clockId }
  const group = new HostGroup(commands, own)
  const ticker = setInterval(() => tellProgress(group, hooks), PROGRESS_MS)
  try {
    await group.greet(GREET_MS_MAX, hooks.signal)
    hooks.signal.throwIfAborted()
    failWhereNobodyIs(group)
    order(group, ordered)
    await awaitResults(group, hooks.signal, note)
    failWhereNobodyIs(group)
    return hostsReport(group, { connections: options.connections, note })
  } finally {
    clearInterval(ticker)
    await group.close()
  }
}

function order(group: HostGroup, { options, settings, positional }: HostsOrder): void {
  const seed = options.seed ?? randomInt(2 ** 32)
  const hosts = group.living.filter(({ hello }) => hello !== null)
  const greeted = hosts.map(({ hello }) => hello).filter((hello) => hello !== null)
  // One connection each at the least: what is more of hosts has nothing to do.
  const needed = Math.min(hosts.length, options.connections)
  const shares = divideOverHosts(options, seed, greeted.slice(0, needed))
  const runId = newRunId()
  const isBroadcast = pushKindsOf(settings.mode).includes('broadcast')
  const { adminToken, deviceSecret } = settings
  const authorities = settings.targets.find(({ tls }) => tls?.ca !== undefined)?.tls?.ca ?? null
  for (const host of hosts.slice(needed)) host.link.fail('there are fewer connections than hosts')
  for (const [index, share] of shares.entries()) {
    const setup: SetupMessage = {
      type: 'setup',
      part: { runId, deviceScope: `h${index}-`, sendsBroadcasts: isBroadcast && index === 0 },
      options: wordsFromOptions(BENCH_OPTIONS, { ...share.options, ...ONLY_OF_HEAD }),
      targets: [...positional],
      adminToken,
      deviceSecret: deviceSecret ? Buffer.from(deviceSecret).toString('base64') : null,
      authorities,
      ports: share.ports === null ? null : [...share.ports],
    }
    group.begin(hosts[index], setup, share.options.connections)
  }
}

/** What a worker has no use for: it writes no files, and judges nothing of the whole. */
const ONLY_OF_HEAD = {
  hosts: [],
  remoteShell: undefined,
  slo: [],
  targetHosts: [],
  out: undefined,
  adminTokenFile: undefined,
  authSecretFile: undefined,
  caFile: undefined,
  pushMetrics: undefined,
}

async function awaitResults(
  group: HostGroup,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<void> {
  const warned = new Set<HostState>()
  const isOver = (): boolean => {
    for (const host of group.states) {
      if (warned.has(host) || host.warnings.length === 0) continue
      warned.add(host)
      for (const warning of host.warnings) note(`warning: ${host.name}: ${warning}`)
    }
    return group.isDone
  }
  // Each wait of a worker has its limit, and a worker that is silent is lost.
  while (!(await group.waitUntil(isOver, 2 ** 31 - 1, signal))) {
    if (!signal.aborted) continue
    group.stop()
    await group.waitUntil(isOver, STOP_MS_MAX)
    for (const { link, result } of group.living) {
      if (result === null) link.fail(`did not stop within ${STOP_MS_MAX / 1000} s`)
    }
    return
  }
}

function failWhereNobodyIs(group: HostGroup): void {
  if (group.living.length > 0) return
  const [first] = group.states
  const reasons = group.states.map(({ name, lost }) => `${name}: ${lost}`)
  const { code = null, message = '', why = '', tries = [] } = first.failed ?? {}
  // All of one mind, such as a target that does not listen: then it is that.
  const isShared = group.states.every(({ failed }) => failed?.message === message)
  if (code !== null && code in ERROR_EXIT_CODES && isShared) {
    throw new PushctlError(code as ErrorCode, message, { ...(why ? { why } : {}), tries })
  }
  throw new PushctlError('PUSHCTL_HOSTS_LOST', 'no host of --on is left to drive from', {
    why: reasons.join('; '),
    tries: [
      `${first.words.join(' ')}   (should print one line and wait)`,
      '--remote-pushctl with the path of pushctl on the hosts',
    ],
  })
}

function tellProgress(group: HostGroup, { onProgress }: HostsHooks): void {
  const running = group.living.map(({ progress }) => progress).filter((part) => part !== null)
  if (running.length > 0) onProgress(joinProgress(running))
}
