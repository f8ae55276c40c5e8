/**
 * Buckets of the hash of established connections: from the kernel since 6.1, before that from its
 * boot message.
 */
import { type Fact, known, mapFact, pickFact } from './fact.ts'
import type { Facts } from './facts.ts'
import { sysctlNumber } from './sysctl-facts.ts'

const ENTRIES_KEY = 'net.ipv4.tcp_ehash_entries'

export interface HashSize {
  readonly buckets: number
  /** With the host and other network namespaces, whose sockets are not seen from here. */
  readonly shared: boolean
}

export function hashSize(facts: Facts): Fact<HashSize> {
  const entries = sysctlNumber(facts, ENTRIES_KEY)
  if (entries.known && entries.value !== 0) {
    return known({ buckets: Math.abs(entries.value), shared: entries.value < 0 }, entries.source)
  }
  const { network } = facts.host.namespaces
  const isHost = network.known && network.value === 'host'
  const logged = pickFact(
    facts.kernelLog,
    (lines) => {
      const text = lines.find(({ kind }) => kind === 'ehash')?.text
      const buckets = Number(/hash table entries: (\d+)/.exec(text ?? '')?.[1] ?? 0)
      return buckets > 0 ? buckets : null
    },
    'the boot message is not in the log any more',
  )
  const size = mapFact(logged, (buckets) => ({ buckets, shared: !isHost }))
  return size.known || entries.known ? size : entries
}
