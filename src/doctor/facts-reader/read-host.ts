/**
 * What does not move while doctor looks: kernel, CPUs, namespaces, slabs, clock, and who else tunes
 * this host.
 */
import { type Fact, firstKnown, known, mapFact, pickFact, unknown } from '../fact.ts'
import type { Facts, HostFacts, NamespaceFacts } from '../facts.ts'
import { parseBracketedChoice } from '../parsers/bracketed-choice.ts'
import { parseCpuList } from '../parsers/cpu-set.ts'
import { pickKernelLog } from '../parsers/kernel-log.ts'
import { words } from '../parsers/numbers.ts'
import { parseSlabinfo } from '../parsers/slabinfo.ts'
import { type FactSource, parsedWith, readParsed, trimmed } from './fact-source.ts'
import { readCpuTopology } from './read-cpu-topology.ts'

const THP = '/sys/kernel/mm/transparent_hugepage'
const CLOCK = '/sys/devices/system/clocksource/clocksource0'
const CPUS = '/sys/devices/system/cpu'
const NODES = '/sys/devices/system/node'
const LOG_LINES_MAX = 20_000

export async function readHost(source: FactSource, commands: Commands): Promise<HostFacts> {
  const read = <T>(path: string, parse: (text: string) => T | null) =>
    readParsed(source, path, parse)
  const onlineCpus = await read(`${CPUS}/online`, parseCpuList)
  const numaNodes = await read(`${NODES}/online`, parseCpuList)
  const clock = await readClock(source)
  return {
    kernelRelease: await read('/proc/sys/kernel/osrelease', trimmed),
    hostname: await read('/proc/sys/kernel/hostname', trimmed),
    bootId: await read('/proc/sys/kernel/random/boot_id', trimmed),
    onlineCpus,
    allowedCpus: await readAllowedCpus(source),
    namespaces: await readNamespaces(source),
    slabs: await read('/proc/slabinfo', parseSlabinfo),
    thpEnabled: await read(`${THP}/enabled`, parseBracketedChoice),
    thpDefrag: await read(`${THP}/defrag`, parseBracketedChoice),
    clocksource: await read(`${CLOCK}/current_clocksource`, trimmed),
    clocksourcesAvailable: await read(`${CLOCK}/available_clocksource`, words),
    cpuGovernors: await readGovernors(source, onlineCpus),
    cpuScalingDriver: await read(`${CPUS}/cpu0/cpufreq/scaling_driver`, trimmed),
    cpuidleDriver: await read(`${CPUS}/cpuidle/current_driver`, trimmed),
    cpuTopology: await readCpuTopology(source, onlineCpus),
    numaNodes,
    cpusByNode: await readCpusByNode(source, numaNodes),
    clockSynchronised: clock.synchronised,
    clockOffsetSeconds: clock.offsetSeconds,
    tunedProfile: await read('/etc/tuned/active_profile', trimmed),
    daemons: commands.daemons,
    virtualisation: await readVirtualisation(source),
  }
}

export interface Commands {
  readonly daemons: Fact<readonly string[]>
  readonly ksoftirqdPids: Fact<readonly number[]>
}

/**
 * A host with more processes is judged from the first ones: kernel threads and daemons start early.
 */
const COMMANDS_MAX = 3_000
const DAEMONS = new Set(['irqbalance', 'tuned', 'bpftune', 'tuned-ppd'])

export async function readCommands(source: FactSource): Promise<Commands> {
  const names = await source.list('/proc')
  if (!names.known) return { daemons: names, ksoftirqdPids: names }
  const pids = names.value
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .slice(0, COMMANDS_MAX)
  if (pids.length === 0) {
    const nothing = unknown('shows no process', '/proc')
    return { daemons: nothing, ksoftirqdPids: nothing }
  }
  const facts = await Promise.all(
    pids.map((pid) => readParsed(source, `/proc/${pid}/comm`, trimmed)),
  )
  const daemons = new Set<string>()
  const ksoftirqdPids: number[] = []
  for (const [index, fact] of facts.entries()) {
    if (!fact.known) continue
    if (DAEMONS.has(fact.value)) daemons.add(fact.value)
    if (fact.value.startsWith('ksoftirqd/')) ksoftirqdPids.push(pids[index]!)
  }
  return {
    daemons: known([...daemons].sort(), '/proc/PID/comm'),
    ksoftirqdPids:
      ksoftirqdPids.length > 0
        ? known(ksoftirqdPids, '/proc/PID/comm')
        : unknown('kernel threads are not visible here', '/proc/PID/comm'),
  }
}

export async function readKernelLog(source: FactSource): Promise<Facts['kernelLog']> {
  const dmesg = await source.run({ name: 'dmesg', argv: ['dmesg'], linesMax: LOG_LINES_MAX })
  const journal = dmesg.known
    ? dmesg
    : await source.run({
        name: 'journalctl-k',
        argv: ['journalctl', '-k', '--no-pager', '-q', '-n', '5000'],
        linesMax: LOG_LINES_MAX,
      })
  return mapFact(firstKnown(dmesg, journal), ({ text }) => pickKernelLog(text))
}

async function readAllowedCpus(source: FactSource): Promise<Fact<number[]>> {
  return readParsed(source, '/proc/self/status', (text) =>
    parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(text)?.[1] ?? 'none'),
  )
}

/**
 * Settings of the host are absent in a child network namespace; that decides where links of pid 1
 * may not be read.
 */
async function readNamespaces(source: FactSource): Promise<NamespaceFacts> {
  const [own, first, ownPid, firstPid, tcpMem, somaxconn] = await Promise.all([
    source.readLink('/proc/self/ns/net'),
    source.readLink('/proc/1/ns/net'),
    source.readLink('/proc/self/ns/pid'),
    source.readLink('/proc/1/ns/pid'),
    source.readText('/proc/sys/net/ipv4/tcp_mem'),
    source.readText('/proc/sys/net/core/somaxconn'),
  ])
  return {
    network: networkKind(own, first, tcpMem.known, somaxconn.known),
    networkInode: own,
    pid: pickFact(ownPid, () => sameLink(ownPid, firstPid), 'pid 1 cannot be compared'),
  }
}

function networkKind(
  own: Fact<string>,
  first: Fact<string>,
  seesHostSettings: boolean,
  seesSettings: boolean,
): NamespaceFacts['network'] {
  if (seesHostSettings) return known('host', '/proc/sys/net/ipv4/tcp_mem')
  if (seesSettings) return known('child', '/proc/sys/net/ipv4/tcp_mem is absent')
  return pickFact(own, () => sameLink(own, first), 'cannot be compared with that of pid 1')
}

function sameLink(own: Fact<string>, first: Fact<string>): 'host' | 'child' | null {
  if (!own.known || !first.known) return null
  return own.value === first.value ? 'host' : 'child'
}

async function readGovernors(
  source: FactSource,
  cpus: Fact<readonly number[]>,
): Promise<HostFacts['cpuGovernors']> {
  if (!cpus.known) return cpus
  const facts = await Promise.all(
    cpus.value.map((cpu) =>
      readParsed(source, `${CPUS}/cpu${cpu}/cpufreq/scaling_governor`, trimmed),
    ),
  )
  const governors: Record<number, string> = {}
  for (const [index, fact] of facts.entries()) {
    if (fact.known) governors[cpus.value[index]!] = fact.value
  }
  const [first] = facts
  if (Object.keys(governors).length > 0) return known(governors, `${CPUS}/cpu*/cpufreq`)
  return first !== undefined && !first.known ? first : unknown('names no CPU', cpus.source)
}

async function readCpusByNode(
  source: FactSource,
  nodes: Fact<readonly number[]>,
): Promise<HostFacts['cpusByNode']> {
  if (!nodes.known) return nodes
  const cpusByNode: Record<number, readonly number[]> = {}
  for (const node of nodes.value) {
    const cpus = await readParsed(source, `${NODES}/node${node}/cpulist`, parseCpuList)
    if (cpus.known) cpusByNode[node] = cpus.value
  }
  return known(cpusByNode, NODES)
}

interface ClockFacts {
  readonly synchronised: Fact<boolean>
  readonly offsetSeconds: Fact<number>
}

/** chronyc first, because it also tells the offset. */
async function readClock(source: FactSource): Promise<ClockFacts> {
  const [chrony, timedatectl] = await Promise.all([
    source.run({ name: 'chronyc-tracking', argv: ['chronyc', '-c', 'tracking'] }),
    source.run({
      name: 'timedatectl',
      argv: ['timedatectl', 'show', '-p', 'NTPSynchronized', '--value'],
    }),
  ])
  const tracking = pickFact(chrony, ({ text }) => parseTracking(text), 'is not as expected')
  return {
    synchronised: firstKnown(
      mapFact(tracking, ({ leap }) => leap !== 'Not synchronised'),
      pickFact(timedatectl, ({ text }) => yesOrNo(text), 'is not as expected'),
    ),
    offsetSeconds: mapFact(tracking, ({ offsetSeconds }) => offsetSeconds),
  }
}

/**
 * Fields of `chronyc -c tracking`: 4 is the offset of the system clock, the last is the leap
 * status.
 */
function parseTracking(text: string): { offsetSeconds: number; leap: string } | null {
  const fields = text.trim().split(',')
  const offsetSeconds = Number(fields[4])
  if (fields.length < 14 || !Number.isFinite(offsetSeconds)) return null
  return { offsetSeconds: Math.abs(offsetSeconds), leap: fields.at(-1) ?? '' }
}

function yesOrNo(text: string): boolean | null {
  return text.trim() === 'yes' ? true : text.trim() === 'no' ? false : null
}

async function readVirtualisation(source: FactSource): Promise<Fact<string>> {
  const output = await source.run({ name: 'systemd-detect-virt', argv: ['systemd-detect-virt'] })
  const named = parsedWith(
    mapFact(output, ({ text }) => text),
    trimmed,
  )
  return firstKnown(named, await readParsed(source, '/sys/class/dmi/id/sys_vendor', trimmed))
}
