/**
 * From the options of bench to the settings of a run: what depends on several options is worked out
 * here, purely.
 */
import { randomInt } from 'node:crypto'
import type { OptionsOf } from '../config/option-table.ts'
import { isSshHost } from '../config/ssh-host.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { parseSourceAddresses } from '../loadgen/plan/source-addresses.ts'
import type { TargetAddress } from '../loadgen/target/target-address.ts'
import { type BenchSettings, hasTurnover, pushKindsOf } from '../loadgen/workload.ts'
import { parseThresholds } from '../report/thresholds.ts'
import type { BENCH_OPTIONS } from './bench-options.ts'
import { checkProcess } from './bench/insight/process-source.ts'
import { clusterFaults } from './bench/cluster-faults.ts'
import { courseFaults } from './bench/course-settings.ts'
import { hostsFaults } from './bench/remote/hosts-faults.ts'
import { parseConnectionStages, parseRateStages } from './bench/load-stages.ts'
import { populationFaults, populationFrom } from './bench/population-settings.ts'
import { publishSettings, targetFaults, targetsFrom } from './bench/target-settings.ts'

export type BenchOptions = OptionsOf<typeof BENCH_OPTIONS>

const MIXED_BROADCAST_EVERY_MS = 10_000
/** A large push service sees one of a thousand users reconnect each second. */
const CHURN_PER_MILLE_DEFAULT = 1

/** Everything that is wrong with the options together. */
export function benchFaults(
  options: BenchOptions,
  positional: readonly string[],
): readonly PushctlError[] {
  return [
    ...faultsOf(() => targetsFrom(options, positional)),
    ...targetFaults(options, targetsOrNone(options, positional)),
    ...populationFaults(options, targetsOrNone(options, positional)),
    ...faultsOf(() => parseThresholds(options.slo)),
    ...faultsOf(() => parseSourceAddresses(options.sourceAddresses ?? '127.0.0.1')),
    ...exclusive(options.messagesPerConnection, options.messagesPerSecond, 'message-rate', 'rate'),
    ...exclusive(options.workers, options.processes, 'workers', 'processes'),
    ...exclusive(options.messagesPerConnection, options.unicastCount, 'message-rate', 'unicasts'),
    ...exclusive(options.messagesPerSecond, rateCountOf(options), 'rate', rateCountFlag(options)),
    ...broadcastRateFaults(options),
    ...countFaults(options),
    ...churnFaults(options),
    ...faultsOf(() => parseConnectionStages(options.stages)),
    ...faultsOf(() => parseRateStages(options.rateStages)),
    ...courseFaults(options),
    ...hostsFaults(options, positional),
    ...clusterFaults(options, positional),
    ...(options.targetPid === undefined
      ? []
      : faultsOf(() => checkProcess(options.targetPid ?? 0))),
    ...options.targetHosts.filter((host) => !isSshHost(host)).map(targetHostFault),
  ]
}

export function settingsFrom(
  options: BenchOptions,
  positional: readonly string[],
  adminToken: string | null,
  deviceSecret?: Uint8Array,
): BenchSettings {
  const targets = targetsFrom(options, positional)
  const { sourceAddresses } = options
  const { targetProtocol } = options
  const isOverHttp = targetProtocol === 'sse' || targetProtocol === 'poll'
  return {
    targets,
    ...(targets.length === 0 && isOverHttp ? { ownNodeOver: targetProtocol } : {}),
    mode: options.mode,
    connections: options.connections,
    connectsPerSecond: options.connectsPerSecond,
    messagesPerSecond: totalRate(options),
    unicastCount: options.unicastCount ?? null,
    broadcastCount: broadcastCountOf(options),
    churnPerMille: options.churnPerMille ?? CHURN_PER_MILLE_DEFAULT,
    lifetime: options.lifetime,
    heartbeatSeconds: Math.ceil((options.heartbeatMs ?? 0) / 1000),
    ...populationFrom(options),
    qos: options.qos === '1' ? 1 : 0,
    arrivals: options.arrivals,
    warmupMs: options.warmupMs,
    durationMs: options.durationMs,
    ...publishSettings(options, targets),
    adminToken,
    deviceSecret,
    workers: options.workers ?? null,
    processes: options.processes ?? null,
    sourceAddresses: sourceAddresses === undefined ? null : parseSourceAddresses(sourceAddresses),
    engine: options.engine,
    seed: options.seed ?? randomInt(2 ** 32),
  }
}

/** Over all connections. One a second each is a busy push service already. */
export function totalRate(options: BenchOptions): number {
  const { mode, connections, messagesPerConnection, messagesPerSecond, durationMs } = options
  if (mode === 'idle' || hasTurnover(mode)) return 0
  if (messagesPerSecond !== undefined) return messagesPerSecond
  const count = rateCountOf(options)
  if (count !== undefined) return (count * 1000) / durationMs
  if (messagesPerConnection !== undefined) return messagesPerConnection * connections
  if (mode === 'broadcast') return 1
  return mode === 'mixed' ? connections / 10 : connections
}

/** The count that stands for --rate: of broadcasts where there is nothing else. */
function rateCountOf({ mode, unicastCount, broadcastCount }: BenchOptions): number | undefined {
  return mode === 'broadcast' ? broadcastCount : unicastCount
}

function rateCountFlag({ mode }: BenchOptions): string {
  return mode === 'broadcast' ? 'broadcasts' : 'unicasts'
}

function broadcastCountOf({ mode, broadcastCount, durationMs }: BenchOptions): number | null {
  if (broadcastCount !== undefined) return broadcastCount
  return mode === 'mixed' ? Math.max(1, Math.floor(durationMs / MIXED_BROADCAST_EVERY_MS)) : null
}

function targetHostFault(host: string): PushctlError {
  return new PushctlError(
    'PUSHCTL_CONFIG',
    `--target-host must be user@host, got "${host.slice(0, 60)}"`,
  )
}

function broadcastRateFaults({ mode, messagesPerConnection }: BenchOptions): PushctlError[] {
  if (mode !== 'broadcast' || messagesPerConnection === undefined) return []
  return [
    new PushctlError('PUSHCTL_USAGE', '--message-rate does not go with --mode broadcast', {
      why: 'a broadcast has no connection of its own to count by',
      tries: ['--rate 10/s   (ten broadcasts a second)'],
    }),
  ]
}

/** A count of what the mode does not send. */
function countFaults({ mode, unicastCount, broadcastCount }: BenchOptions): PushctlError[] {
  const kinds = pushKindsOf(mode)
  const faults: PushctlError[] = []
  if (unicastCount !== undefined && !kinds.includes('unicast')) faults.push(noSuchPush('unicast'))
  if (broadcastCount !== undefined && !kinds.includes('broadcast')) {
    faults.push(noSuchPush('broadcast'))
  }
  return faults

  function noSuchPush(kind: 'unicast' | 'broadcast'): PushctlError {
    return new PushctlError('PUSHCTL_USAGE', `--${kind}s does not go with --mode ${mode}`, {
      why: `mode ${mode} has no ${kind}s`,
      tries: [`--mode ${kind}`, '--mode mixed'],
    })
  }
}

function churnFaults({ mode, churnPerMille }: BenchOptions): PushctlError[] {
  if (churnPerMille === undefined || mode === 'churn') return []
  return [
    new PushctlError('PUSHCTL_USAGE', `--churn does not go with --mode ${mode}`, {
      tries: [`--mode churn --churn ${churnPerMille}`],
    }),
  ]
}

function exclusive(
  one: number | undefined,
  other: number | undefined,
  oneFlag: string,
  otherFlag: string,
): PushctlError[] {
  if (one === undefined || other === undefined) return []
  const message = `expected --${oneFlag} or --${otherFlag}, got both`
  return [new PushctlError('PUSHCTL_USAGE', message, { tries: [`--${oneFlag} ${one}`] })]
}

/** Nothing where a word is no target, which has been told. */
function targetsOrNone(
  options: BenchOptions,
  positional: readonly string[],
): readonly TargetAddress[] {
  try {
    return targetsFrom(options, positional)
  } catch {
    return []
  }
}

function faultsOf(parse: () => unknown): PushctlError[] {
  try {
    parse()
    return []
  } catch (error) {
    if (error instanceof PushctlError) return [error]
    throw error
  }
}
