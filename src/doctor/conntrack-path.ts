/**
 * Whether connections of this host are tracked, and how many entries the target needs. The kernel
 * attaches its hooks only where a rule asks for them: a loaded module that counts nothing while
 * connections exist is not in their path.
 */
import { grouped } from './counter-moves.ts'
import { type Fact, known, unknown } from './fact.ts'
import type { Facts } from './facts.ts'
import { sysctlNumber } from './sysctl-facts.ts'
import type { Target } from './target.ts'

export const CONNTRACK_MAX_KEY = 'net.netfilter.nf_conntrack_max'
export const CONNTRACK_BUCKETS_KEY = 'net.netfilter.nf_conntrack_buckets'
export const TIME_WAIT_KEY = 'net.netfilter.nf_conntrack_tcp_timeout_time_wait'

export interface ConntrackPath {
  /** `idle`: loaded, counts nothing, and no connection exists that could prove it unused. */
  readonly state: 'not loaded' | 'not in the path' | 'idle' | 'tracking'
  /** Entries now; 0 where not loaded. */
  readonly count: number
}

export function conntrackPath(facts: Facts): Fact<ConntrackPath> {
  const { conntrackCount: count, snmp } = facts.after
  if (!count.known) {
    return isNotLoaded(facts) ? known({ state: 'not loaded', count: 0 }, count.source) : count
  }
  if (count.value > 0) return known({ state: 'tracking', count: count.value }, count.source)
  const established = snmp.known ? snmp.value['Tcp.CurrEstab'] : undefined
  if (established === undefined) {
    return unknown('the table is empty, but how many connections exist is not known', count.source)
  }
  return known({ state: established > 0 ? 'not in the path' : 'idle', count: 0 }, count.source)
}

/** The limit, which a container sees but cannot change. */
export function conntrackLimit(facts: Facts): Fact<number> {
  const max = sysctlNumber(facts, CONNTRACK_MAX_KEY)
  return max.known ? max : sysctlNumber(facts, 'net.nf_conntrack_max')
}

export interface ConntrackNeed {
  readonly entries: number
  readonly buckets: number
  readonly formula: string
}

/**
 * ceil(1.25·(N + R·t)), t seconds in TIME_WAIT. A tracked flow stays that long after both FIN,
 * whoever closed first: the closes of both sides count, in a steady state as many as connects.
 */
export function conntrackNeed(target: Target, timeWaitSeconds: number): ConntrackNeed {
  const { connections, connectsPerSecond } = target
  const entries = Math.ceil(1.25 * (connections + connectsPerSecond * timeWaitSeconds))
  return {
    entries,
    buckets: 2 ** Math.ceil(Math.log2(Math.max(1, entries / 2))),
    formula:
      `${grouped(entries)} entries: 1.25 × (${grouped(connections)} connections + ` +
      `${grouped(connectsPerSecond)} closes/s × ${timeWaitSeconds} s)`,
  }
}

/**
 * True only where the rest of /proc/sys/net was read: in a capture of a few files, a missing file
 * tells nothing.
 */
function isNotLoaded(facts: Facts): boolean {
  const { conntrackCount: count, conntrackStat: statistics } = facts.after
  const sysctlsWereRead = Object.entries(facts.sysctls).some(
    ([key, value]) => key.startsWith('net.core.') && value.known,
  )
  // A capture of a few files has neither: there, absence says nothing.
  const countersWereRead = facts.after.netstat.known || facts.after.snmp.known
  return [count, statistics].every(isMissing) && sysctlsWereRead && countersWereRead
}

function isMissing(fact: Fact<unknown>): boolean {
  return !fact.known && fact.reason === 'does not exist here'
}
