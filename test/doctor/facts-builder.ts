/**
 * Facts for tests: everything unknown until said otherwise, so that a check which forgets to ask
 * `known` shows it. `counters` is the short way to a before/after pair of /proc/net/netstat and
 * snmp.
 */
import { type Fact, known, type Unknown, unknown } from '../../src/doctor/fact.ts'
import type { Facts, HostFacts } from '../../src/doctor/facts.ts'
import type { NetworkFacts } from '../../src/doctor/facts-network.ts'
import type { ProcessFacts } from '../../src/doctor/facts-process.ts'
import type { ProcessSample, Sample } from '../../src/doctor/facts-sample.ts'
import type { Check, Finding } from '../../src/doctor/finding.ts'
import type { Sockstat } from '../../src/doctor/parsers/sockstat.ts'
import { sysctlPath } from '../../src/doctor/parsers/sysctl-conf.ts'
import { DEFAULT_TARGET, type Target } from '../../src/doctor/target.ts'

export interface FactsOptions {
  /** "TcpExt.ListenOverflows" → [before, after]; a single number stands for both. */
  readonly counters?: Readonly<Record<string, number | readonly [number, number]>>
  readonly sysctls?: Readonly<Record<string, string | number>>
  readonly before?: Partial<Sample>
  readonly after?: Partial<Sample>
  /** Put into both samples, before `before` and `after`. */
  readonly sample?: Partial<Sample>
  readonly host?: Partial<HostFacts>
  readonly network?: Partial<NetworkFacts>
  readonly rest?: Partial<Pick<Facts, 'sampling' | 'windowMs' | 'sockets' | 'processes' | 'origin'>>
  readonly sysctlFiles?: Facts['sysctlFiles']
  readonly kernelLog?: Facts['kernelLog']
}

const NOTHING: Unknown = unknown('not part of this test', 'test')

export function factsWith(options: FactsOptions = {}): Facts {
  const { counters = {} } = options
  return {
    origin: { kind: 'live', name: 'this host' },
    sampling: 'window',
    windowMs: 5_000,
    before: { ...sampleOf(counters, 0), ...options.sample, ...options.before },
    after: { ...sampleOf(counters, 1), ...options.sample, ...options.after },
    host: { ...UNKNOWN_HOST, ...options.host },
    network: { ...UNKNOWN_NETWORK, ...options.network },
    sockets: { timeWait: NOTHING, establishedSample: NOTHING },
    processes: [],
    sysctls: sysctlsOf(options.sysctls ?? {}),
    sysctlFiles: options.sysctlFiles ?? NOTHING,
    kernelLog: options.kernelLog ?? NOTHING,
    ...options.rest,
  }
}

export function targetWith(changes: Partial<Target> = {}): Target {
  return { ...DEFAULT_TARGET, ...changes }
}

/** The findings of one check, always as a list. */
export function findingsOf(check: Check, facts: Facts, target: Partial<Target> = {}): Finding[] {
  const findings = check.evaluate(facts, targetWith(target))
  return Array.isArray(findings) ? [...findings] : [findings as Finding]
}

/** The one finding of a check that gives one. */
export function findingOfCheck(check: Check, facts: Facts, target: Partial<Target> = {}): Finding {
  const [finding, ...others] = findingsOf(check, facts, target)
  if (finding === undefined || others.length > 0) throw new Error(`${check.id}: expected 1 finding`)
  return finding
}

export function sockstatWith(changes: Partial<Sockstat> = {}): Fact<Sockstat> {
  return known(
    {
      socketsUsed: 0,
      tcpInUse: 0,
      tcp6InUse: 0,
      orphans: 0,
      timeWait: 0,
      tcpAllocated: 0,
      tcpMemoryPages: 0,
      ...changes,
    },
    '/proc/net/sockstat',
  )
}

export function processWith(changes: Partial<ProcessFacts> = {}): ProcessFacts {
  return {
    pid: 4321,
    name: 'node',
    chosenBy: '--pid',
    limits: NOTHING,
    status: NOTHING,
    oomScoreAdj: NOTHING,
    commandLine: NOTHING,
    cgroupPaths: NOTHING,
    cgroup: {
      version: NOTHING,
      memoryMaxBytes: NOTHING,
      memoryHighBytes: NOTHING,
      cpuQuota: NOTHING,
      cpuPeriodUs: NOTHING,
      pidsMax: NOTHING,
      pidsCurrent: NOTHING,
    },
    unit: NOTHING,
    ...changes,
  }
}

export function processSampleWith(changes: Partial<ProcessSample> = {}): ProcessSample {
  return {
    threads: NOTHING,
    rssBytes: NOTHING,
    swapBytes: NOTHING,
    fdCount: NOTHING,
    cgroupMemoryEvents: NOTHING,
    cgroupMemoryStat: NOTHING,
    cgroupMemoryCurrent: NOTHING,
    cgroupCpuStat: NOTHING,
    sockets: NOTHING,
    ...changes,
  }
}

const UNKNOWN_HOST: HostFacts = {
  kernelRelease: NOTHING,
  hostname: NOTHING,
  bootId: NOTHING,
  onlineCpus: NOTHING,
  allowedCpus: NOTHING,
  namespaces: { network: NOTHING, networkInode: NOTHING, pid: NOTHING },
  slabs: NOTHING,
  thpEnabled: NOTHING,
  thpDefrag: NOTHING,
  clocksource: NOTHING,
  clocksourcesAvailable: NOTHING,
  cpuGovernors: NOTHING,
  cpuScalingDriver: NOTHING,
  cpuidleDriver: NOTHING,
  cpuTopology: { physicalCoreCount: NOTHING, isolatedCpus: NOTHING, idleExitUsMax: NOTHING },
  numaNodes: NOTHING,
  cpusByNode: NOTHING,
  clockSynchronised: NOTHING,
  clockOffsetSeconds: NOTHING,
  tunedProfile: NOTHING,
  daemons: NOTHING,
  virtualisation: NOTHING,
}

const UNKNOWN_NETWORK: NetworkFacts = {
  interfaces: NOTHING,
  irqs: {},
  routes: NOTHING,
  localAddresses: NOTHING,
  neighbourCount: NOTHING,
}

function sampleOf(counters: NonNullable<FactsOptions['counters']>, moment: 0 | 1): Sample {
  const values: Record<string, number> = {}
  for (const [name, value] of Object.entries(counters)) {
    values[name] = typeof value === 'number' ? value : value[moment]
  }
  const hasCounters = Object.keys(values).length > 0
  return {
    uptimeSeconds: known(86_400, '/proc/uptime'),
    netstat: hasCounters ? known(values, '/proc/net/netstat') : NOTHING,
    snmp: hasCounters ? known(values, '/proc/net/snmp') : NOTHING,
    sockstat: NOTHING,
    protocols: NOTHING,
    softnet: NOTHING,
    cpuTimes: NOTHING,
    softirqs: NOTHING,
    interrupts: NOTHING,
    vmstat: NOTHING,
    meminfo: NOTHING,
    fileNr: NOTHING,
    arpCacheStat: NOTHING,
    conntrackStat: NOTHING,
    conntrackCount: NOTHING,
    memoryPressure: NOTHING,
    cpuPressure: NOTHING,
    listeners: NOTHING,
    transientSockets: NOTHING,
    interfaces: {},
    qdiscs: NOTHING,
    ksoftirqd: NOTHING,
    processes: {},
    metrics: {},
  }
}

function sysctlsOf(values: Readonly<Record<string, string | number>>): Facts['sysctls'] {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, known(String(value), sysctlPath(key))]),
  )
}
