/**
 * Sysctls by key, with the reason where there is none: a key that belongs to the host is invisible
 * from a child network namespace, which must be told apart from a key this kernel does not have.
 */
import { type Fact, pickFact, unknown } from './fact.ts'
import type { Facts } from './facts.ts'
import { parseDecimal, parseDecimals } from './parsers/numbers.ts'
import { sysctlPath } from './parsers/sysctl-conf.ts'

/** Found by comparing /proc/sys/net of the host with that of a fresh network namespace (6.18). */
const HOST_ONLY_SYSCTLS: readonly RegExp[] = [
  /^net\.ipv4\.(tcp_mem|udp_mem|tcp_max_orphans)$/,
  /^net\.ipv4\.inet_peer_/,
  /^net\.ipv[46]\.neigh\.default\.gc_thresh/,
  /^net\.core\.(netdev_max_backlog|netdev_budget|netdev_budget_usecs|dev_weight\w*)$/,
  /^net\.core\.(rps_sock_flow_entries|flow_limit_\w+|default_qdisc|busy_\w+)$/,
  /^net\.core\.(gro_normal_batch|mem_pcpu_rsv|skb_defer_max)$/,
  /^net\.core\.[rw]mem_(max|default)$/,
  /^net\.nf_conntrack_max$/,
  /^net\.netfilter\.nf_conntrack_(max|buckets)$/,
]

export function isHostOnlySysctl(key: string): boolean {
  return !key.startsWith('net.') || HOST_ONLY_SYSCTLS.some((pattern) => pattern.test(key))
}

export function sysctlText(facts: Facts, key: string): Fact<string> {
  const fact = facts.sysctls[key]
  if (fact?.known) return fact
  const { network } = facts.host.namespaces
  if (network.known && network.value === 'child' && isHostOnlySysctl(key)) {
    return unknown(
      'belongs to the host and cannot be seen in this network namespace',
      sysctlPath(key),
    )
  }
  if (isSysctlAbsent(facts, key)) {
    return unknown('this kernel has no such setting', sysctlPath(key))
  }
  return fact ?? unknown('was not read', sysctlPath(key))
}

/**
 * True only when the kernel certainly lacks the key: its folder was read, and the key is not hidden
 * from a container. Absence is a fact (tcp_tw_recycle is gone since 4.12); a folder nobody could
 * read is not.
 */
export function isSysctlAbsent(facts: Facts, key: string): boolean {
  const fact = facts.sysctls[key]
  if (fact?.known || (fact !== undefined && fact.reason !== 'does not exist here')) return false
  const folder = key.slice(0, key.lastIndexOf('.') + 1)
  const folderWasRead = Object.entries(facts.sysctls).some(
    ([name, sibling]) => sibling.known && name.startsWith(folder),
  )
  const { network } = facts.host.namespaces
  const mayBeHidden = isHostOnlySysctl(key) && !(network.known && network.value === 'host')
  return folderWasRead && !mayBeHidden
}

/** Whether the kernel has the key; unknown where it may have and we cannot see it. */
export function hasSysctl(facts: Facts, key: string): boolean {
  return facts.sysctls[key]?.known === true
}

export function sysctlNumber(facts: Facts, key: string): Fact<number> {
  return pickFact(sysctlText(facts, key), (text) => parseDecimal(text.trim()), 'is not a number')
}

/** tcp_mem, tcp_rmem, tcp_wmem: exactly `count` numbers. */
export function sysctlNumbers(facts: Facts, key: string, count: number): Fact<readonly number[]> {
  return pickFact(
    sysctlText(facts, key),
    (text) => {
      const values = parseDecimals(text)
      return values?.length === count ? values : null
    },
    `is not ${count} numbers`,
  )
}
