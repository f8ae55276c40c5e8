/**
 * Lines that do not do what they say: keys this kernel lacks, values the kernel does not have in
 * spite of the file, and one key with two values. A child network namespace is compared with
 * nothing: files are applied to the host's.
 */
import type { Facts } from '../facts.ts'
import { parsePortSet } from '../parsers/port-set.ts'
import { RESERVED_PORTS_KEY } from '../port-capacity.ts'
import { isHostOnlySysctl, isSysctlAbsent } from '../sysctl-facts.ts'
import { type PlacedAssignment, placeOf } from './assignments.ts'
import type { LintContext, LintHit } from './lint-rule.ts'

/**
 * Keys that never were, or are long gone, with what was meant. Others are told by their absence.
 */
const MEANT: Readonly<Record<string, string>> = {
  'net.ipv4.tcp_max_sync_backlog': 'a typing error for net.ipv4.tcp_max_syn_backlog',
  'net.ipv4.netdev_max_backlog': 'meant is net.core.netdev_max_backlog',
  'net.ipv4.ip_conntrack_max': 'meant is net.netfilter.nf_conntrack_max',
}
const OLD_CONNTRACK = /^net\.ipv4\.netfilter\.ip_conntrack_/
/** The kernel rounds what is written: up to a power of two, or to whole pages. */
const ROUNDED = /^net\.(core\.rps_sock_flow_entries|netfilter\.nf_conntrack_buckets)$/
/** Written by the administrator; a file of the vendor is there to be overruled. */
const ADMIN_FOLDER = /^\/(etc|run|usr\/local)\//

export function fileFaults(context: LintContext): LintHit[] {
  const hits: LintHit[] = []
  for (const [key, assignments] of context.assignments) {
    const last = assignments.at(-1)
    // Recycle is folklore with a row of its own.
    if (last === undefined || key === 'net.ipv4.tcp_tw_recycle') continue
    hits.push(...missingHits(context.facts, last), ...driftHits(context.facts, last))
    hits.push(...duplicateHits(assignments))
  }
  return hits
}

function missingHits(facts: Facts, last: PlacedAssignment): LintHit[] {
  const { key } = last
  const fact = facts.sysctls[key]
  if (fact === undefined || fact.known) return []
  const meant = OLD_CONNTRACK.test(key)
    ? `meant is ${key.replace('net.ipv4.netfilter.ip_', 'net.netfilter.nf_')}`
    : MEANT[key]
  const why =
    'At boot the line is an error that nobody reads, and what it was to set is not set. ' +
    'A key may also belong to a module that a firewall or a container runtime loads later.'
  const hit = (status: LintHit['status'], observed: string): LintHit[] => [
    {
      subject: key,
      status,
      observed,
      why,
      fixForGood:
        `delete the line (${placeOf(last)}), ` +
        `or write "-${key} = ${last.value}" if it may be absent`,
      evidence: [`${placeOf(last)}: ${last.value}`, `${fact.source}: ${fact.reason}`],
    },
  ]
  if (meant !== undefined) return hit('warn', `${key} does not exist: ${meant}`)
  if (last.ignoreMissing || fact.reason !== 'does not exist here') return []
  if (isSysctlAbsent(facts, key)) return hit('warn', `${key} does not exist on this kernel`)
  if (isHidden(facts, key)) return []
  return hit('info', `${key} does not exist, perhaps because its module is not loaded`)
}

function isHidden(facts: Facts, key: string): boolean {
  const { network } = facts.host.namespaces
  return isHostOnlySysctl(key) && !(network.known && network.value === 'host')
}

/**
 * The files are about the host; in a child namespace only keys without a namespace can be compared.
 */
export function isComparable(facts: Facts, key: string): boolean {
  const { network } = facts.host.namespaces
  return !key.startsWith('net.') || (network.known && network.value === 'host')
}

function driftHits(facts: Facts, last: PlacedAssignment): LintHit[] {
  const { key, value } = last
  const live = facts.sysctls[key]
  if (!live?.known || !isComparable(facts, key) || isSameValue(key, value, live.value)) return []
  // A default of the distribution that is not in force is its business; a line of one's own is not.
  const status = ADMIN_FOLDER.test(last.path) ? 'warn' : 'info'
  return [
    {
      subject: key,
      status,
      observed: `${key} is ${live.value}, though ${last.path} says ${value}`,
      why:
        'Either something changed it after boot, or the kernel refused the value, or the file ' +
        'was never applied. What is in force after the next boot is not what is measured today.',
      fixNow: `sysctl -w ${key}="${value}"   (an error here means that the kernel refuses it)`,
      fixForGood: `make file and kernel agree: ${placeOf(last)}`,
      evidence: [`${placeOf(last)}: ${value}`, `${live.source}: ${live.value}`],
    },
  ]
}

function isSameValue(key: string, written: string, live: string): boolean {
  if (written === live) return true
  const [a, b] = [written, live].map((text) => text.split(' ').map(canonicalWord).join(' '))
  if (a === b) return true
  if (ROUNDED.test(key)) {
    const ratio = Number(live) / Number(written)
    return ratio >= 1 && ratio < 2
  }
  return key === RESERVED_PORTS_KEY && portsText(written) === portsText(live)
}

/** The kernel prints the list sorted, and neighbours as one range. */
function portsText(text: string): string {
  const ranges = parsePortSet(text)
  if (ranges === null) return text
  const ports = new Set(
    ranges.flatMap(({ low, high }) => Array.from({ length: high - low + 1 }, (_, at) => low + at)),
  )
  return [...ports].sort((a, b) => a - b).join(',')
}

/** "0x10" and "010" are 16 and 8 to the kernel. */
function canonicalWord(word: string): string {
  if (/^0x[0-9a-f]+$/i.test(word)) return String(Number.parseInt(word, 16))
  return /^0[0-7]+$/.test(word) ? String(Number.parseInt(word, 8)) : word
}

function duplicateHits(assignments: readonly PlacedAssignment[]): LintHit[] {
  const written = assignments.filter(({ path }) => ADMIN_FOLDER.test(path))
  const last = written.at(-1)
  const other = written.find(({ value }) => value !== last?.value)
  if (last === undefined || other === undefined) return []
  return [
    {
      subject: last.key,
      status: 'info',
      observed: `${last.key} is set to ${other.value} and to ${last.value}: the last one wins`,
      why:
        'Files are applied by name over all folders, so which line wins depends on a file name. ' +
        'The next person changes the other one and wonders.',
      fixForGood: `delete one of the lines: ${placeOf(other)}, ${placeOf(last)}`,
      evidence: written.map((assignment) => `${placeOf(assignment)}: ${assignment.value}`),
    },
  ]
}
