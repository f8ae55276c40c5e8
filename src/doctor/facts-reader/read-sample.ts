/**
 * One moment of everything that moves. Counters are read first and sockets last, cheapest first:
 * sockstat and netstat cost microseconds at any number of connections, `ss` with a filter in the
 * kernel one walk over the hash.
 */
import { type Fact, known, pickFact, unknown } from '../fact.ts'
import type { InterfaceCounters, Sample, TransientSockets } from '../facts-sample.ts'
import { parseColumnTable } from '../parsers/column-table.ts'
import { parseCounterTable } from '../parsers/counter-table.ts'
import { parseCpuTimes } from '../parsers/cpu-times.ts'
import { parseEthtoolStatistics } from '../parsers/ethtool.ts'
import { parseFileNr } from '../parsers/file-nr.ts'
import { parseInterrupts } from '../parsers/interrupts.ts'
import { type NameValues, parseNameValues } from '../parsers/name-values.ts'
import { parseCount } from '../parsers/numbers.ts'
import { parsePressure } from '../parsers/pressure.ts'
import { parsePrometheusText } from '../parsers/prometheus-text.ts'
import { parseProtocols } from '../parsers/protocols.ts'
import { parseSockstat, type Sockstat } from '../parsers/sockstat.ts'
import { parseSoftirqs } from '../parsers/softirqs.ts'
import { parseSoftnetStat } from '../parsers/softnet-stat.ts'
import { parseSsListeners } from '../parsers/ss-listeners.ts'
import { parseSsSockets } from '../parsers/ss-sockets.ts'
import { parseTcQdisc } from '../parsers/tc-qdisc.ts'
import { parseThreadStat, type ThreadStat } from '../parsers/thread-stat.ts'
import { type FactSource, parsedWith, readParsed } from './fact-source.ts'
import { type ProcessPlaces, readProcessSample } from './read-process-sample.ts'
import { readProcessSockets } from './read-process-sockets.ts'

export interface SamplePlan {
  readonly interfaceNames: readonly string[]
  /** Interfaces with a device behind them, worth asking ethtool. */
  readonly physicalNames: readonly string[]
  readonly ksoftirqdPids: Fact<readonly number[]>
  readonly processes: readonly ProcessPlaces[]
  /**
   * `ss -p` walks the descriptors of every process: seconds and a gigabyte of cache at a million.
   */
  readonly withOwners: boolean
  /** Pages of metrics to fetch with each sample. */
  readonly metrics: readonly string[]
}

/** A host of 512 CPUs and 4,000 interrupts. */
const INTERRUPTS_BYTES_MAX = 32 * 1024 * 1024
const TRANSIENT_LINES_MAX = 100_000

export const TRANSIENT_STATES = [
  'syn-recv',
  'close-wait',
  'fin-wait-1',
  'fin-wait-2',
  'last-ack',
  'closing',
] as const

export async function readSample(source: FactSource, plan: SamplePlan): Promise<Sample> {
  const counters = await readCounters(source)
  const [interfaces, ksoftirqd, processes, listeners, transientSockets, qdiscs, metrics] =
    await Promise.all([
      readInterfaceCounters(source, plan),
      readKsoftirqd(source, plan.ksoftirqdPids),
      readProcesses(source, plan),
      readListeners(source, plan.withOwners),
      readTransientSockets(source, plan.withOwners, hasNoIpv6(counters.sockstat)),
      source.run({ name: 'tc-qdisc', argv: ['tc', '-s', 'qdisc', 'show'], linesMax: 20_000 }),
      readMetrics(source, plan.metrics),
    ])
  return {
    ...counters,
    listeners,
    transientSockets,
    interfaces,
    qdiscs: pickFact(
      qdiscs,
      ({ text }) => {
        const rows = parseTcQdisc(text)
        return rows.length === 0 && text.trim() !== '' ? null : rows
      },
      'is not in the expected format',
    ),
    ksoftirqd,
    processes,
    metrics,
  }
}

async function readProcesses(source: FactSource, plan: SamplePlan): Promise<Sample['processes']> {
  const [sockets, samples] = await Promise.all([
    readProcessSockets(source, plan),
    Promise.all(plan.processes.map((places) => readProcessSample(source, places))),
  ])
  return Object.fromEntries(
    plan.processes.map(({ pid }, index) => [
      pid,
      { ...samples[index]!, sockets: sockets.get(pid) ?? unknown('was not read', 'ss -Htanp') },
    ]),
  )
}

async function readMetrics(
  source: FactSource,
  urls: readonly string[],
): Promise<Sample['metrics']> {
  const pages = await Promise.all(urls.map((url) => source.fetchMetrics(url)))
  return Object.fromEntries(
    urls.map((url, index) => [url, parsedWith(pages[index]!, parsePrometheusText)]),
  )
}

type Counters = Omit<
  Sample,
  'listeners' | 'transientSockets' | 'interfaces' | 'qdiscs' | 'ksoftirqd' | 'processes' | 'metrics'
>

async function readCounters(source: FactSource): Promise<Counters> {
  const read = <T>(path: string, parse: (text: string) => T | null, bytesMax?: number) =>
    readParsed(source, path, parse, bytesMax)
  const pending = {
    netstat: read('/proc/net/netstat', parseCounterTable),
    snmp: read('/proc/net/snmp', parseCounterTable),
    sockstat: readSockstat(source),
    softnet: read('/proc/net/softnet_stat', parseSoftnetStat),
    cpuTimes: read('/proc/stat', parseCpuTimes, INTERRUPTS_BYTES_MAX),
    softirqs: read('/proc/softirqs', parseSoftirqs),
    interrupts: read('/proc/interrupts', parseInterrupts, INTERRUPTS_BYTES_MAX),
    uptimeSeconds: read('/proc/uptime', parseUptime),
    protocols: read('/proc/net/protocols', parseProtocols),
    vmstat: read('/proc/vmstat', parseNameValues),
    meminfo: read('/proc/meminfo', parseNameValues),
    fileNr: read('/proc/sys/fs/file-nr', parseFileNr),
    arpCacheStat: read('/proc/net/stat/arp_cache', parseColumnTable),
    conntrackStat: read('/proc/net/stat/nf_conntrack', parseColumnTable),
    conntrackCount: read('/proc/sys/net/netfilter/nf_conntrack_count', parseCount),
    memoryPressure: read('/proc/pressure/memory', parsePressure),
    cpuPressure: read('/proc/pressure/cpu', parsePressure),
  }
  const facts = await Promise.all(Object.values(pending) as Promise<unknown>[])
  return Object.fromEntries(
    Object.keys(pending).map((name, index) => [name, facts[index]]),
  ) as unknown as Counters
}

async function readSockstat(source: FactSource): Promise<Fact<Sockstat>> {
  const [text, text6] = await Promise.all([
    source.readText('/proc/net/sockstat'),
    source.readText('/proc/net/sockstat6'),
  ])
  return parsedWith(text, (content) => parseSockstat(content, text6.known ? text6.value : ''))
}

/** Not -l: that asks for closed sockets too, and the kernel walks over all for them. */
const LISTENING = ['state', 'listening']
const LISTENER_LINES_MAX = 50_000

async function readListeners(
  source: FactSource,
  withOwners: boolean,
): Promise<Sample['listeners']> {
  const ask = (options: string) =>
    source.run({
      name: 'ss-listeners',
      argv: ['ss', options, ...LISTENING],
      linesMax: LISTENER_LINES_MAX,
    })
  const owned = await ask(withOwners ? '-Htnmep' : '-Htnme')
  // On a host that is too busy to name owners in time, the queues still matter most.
  const output = owned.known || !withOwners ? owned : await ask('-Htnme')
  return pickFact(output, ({ text }) => parseSsListeners(text), 'is not in the expected format')
}

/** Then none is half open or leaked; at most the remains of closed ones wait for their last FIN. */
function hasNoIpv6(sockstat: Fact<Sockstat>): boolean {
  return sockstat.known && sockstat.value.tcp6InUse === 0
}

/** ss walks over all connections once for each family: with millions that is half a second each. */
async function readTransientSockets(
  source: FactSource,
  withOwners: boolean,
  isIpv4Only: boolean,
): Promise<Fact<TransientSockets>> {
  const options = `-Htanoe${withOwners ? 'p' : ''}${isIpv4Only ? '4' : ''}`
  const output = await source.run({
    name: 'ss-transient',
    argv: ['ss', options, ...TRANSIENT_STATES.flatMap(stateFilter)],
    linesMax: TRANSIENT_LINES_MAX,
  })
  return pickFact(
    output,
    ({ text, truncated }) => {
      const { rows, unreadableLines } = parseSsSockets(text)
      return rows.length === 0 && unreadableLines > 0 ? null : { rows, partial: truncated }
    },
    'is not in the expected format',
  )
}

function stateFilter(state: string): string[] {
  return ['state', state]
}

async function readInterfaceCounters(
  source: FactSource,
  plan: SamplePlan,
): Promise<Record<string, InterfaceCounters>> {
  const entries = plan.interfaceNames.map(async (name) => {
    const [statistics, driver] = await Promise.all([
      readStatistics(source, `/sys/class/net/${name}/statistics`),
      plan.physicalNames.includes(name)
        ? source.run({ name: `ethtool-S-${name}`, argv: ['ethtool', '-S', name] })
        : null,
    ])
    const driverStatistics: InterfaceCounters['driverStatistics'] =
      driver === null
        ? { known: false, reason: 'no device is behind this interface', source: 'ethtool -S' }
        : pickFact(driver, ({ text }) => parseEthtoolStatistics(text), 'is not as expected')
    return [name, { statistics, driverStatistics }] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

const STATISTICS = [
  'rx_packets',
  'tx_packets',
  'rx_bytes',
  'tx_bytes',
  'rx_errors',
  'rx_dropped',
  'rx_missed_errors',
  'rx_fifo_errors',
  'rx_over_errors',
  'tx_dropped',
  'tx_errors',
] as const

async function readStatistics(source: FactSource, folder: string): Promise<Fact<NameValues>> {
  const values: Record<string, number> = {}
  const facts = await Promise.all(
    STATISTICS.map((name) => readParsed(source, `${folder}/${name}`, parseCount)),
  )
  for (const [index, fact] of facts.entries()) {
    if (fact.known) values[STATISTICS[index]!] = fact.value
  }
  const [first] = facts
  return Object.keys(values).length > 0 || first === undefined || first.known
    ? known(values, folder)
    : first
}

async function readKsoftirqd(
  source: FactSource,
  pids: Fact<readonly number[]>,
): Promise<Sample['ksoftirqd']> {
  if (!pids.known) return pids
  const threads = await Promise.all(
    pids.value.map((pid) => readParsed(source, `/proc/${pid}/stat`, parseThreadStat)),
  )
  const byCpu: Record<number, ThreadStat> = {}
  for (const thread of threads) {
    const cpu = thread.known ? /^ksoftirqd\/(\d+)$/.exec(thread.value.name)?.[1] : undefined
    if (thread.known && cpu !== undefined) byCpu[Number(cpu)] = thread.value
  }
  return known(byCpu, '/proc/PID/stat of ksoftirqd')
}

function parseUptime(text: string): number | null {
  const match = /^(\d{1,12}(?:\.\d+)?) /.exec(text)
  return match === null ? null : Number(match[1])
}
