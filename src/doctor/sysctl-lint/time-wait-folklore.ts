/**
 * Folklore about TIME_WAIT: keys that are gone, protections switched off, and a knob for another
 * state.
 */
import type { Facts } from '../facts.ts'
import { hashSize } from '../hash-size.ts'
import { nextPowerOfTwo } from '../target.ts'
import { type FolkloreRow, folkloreRule } from './lint-rule.ts'

const HASH_BYTES_PER_BUCKET = 131_072
const HASH_BUCKETS_MAX = 524_288
const FIN_TIMEOUT_DEFAULT = 60

const ROWS: readonly FolkloreRow[] = [
  {
    key: 'net.ipv4.tcp_tw_recycle',
    status: 'warn',
    matches: ([value], _context, { fromFile }) => fromFile || value === 1,
    fault: 'gone since kernel 4.12, and harmful before',
    why:
      'It remembered one timestamp for each remote address and dropped SYNs with an older one, ' +
      'so two phones behind one NAT lost connections. On newer kernels the line is only an error ' +
      'at boot.',
    ownedBy: 'tw/recycle',
  },
  {
    key: 'net.ipv4.tcp_timestamps',
    status: 'warn',
    matches: ([value]) => value === 0,
    fault: 'no protection against old segments, and tcp_tw_reuse does nothing',
    why:
      'Timestamps carry PAWS, round-trip samples on retransmits and the safety of tcp_tw_reuse, ' +
      'for 12 bytes a segment. The trouble with NAT that guides blame on them was ' +
      'tcp_tw_recycle.',
    instead: '1',
    ownedBy: 'tw/timestamps',
  },
  {
    key: 'net.ipv4.tcp_max_tw_buckets',
    status: 'warn',
    matches: ([value], { facts }) => {
      const standard = defaultTimeWaitBuckets(facts)
      return value !== undefined && standard !== null && value < standard
    },
    fault: 'lower than the default of this memory size',
    why:
      'At the cap the kernel skips TIME_WAIT, and late segments of a closed connection meet the ' +
      'next one. An entry costs about 256 bytes: there is nothing to save, and the documentation ' +
      'forbids lowering it.',
    ownedBy: 'tw/overflow',
  },
  {
    key: 'net.ipv4.tcp_fin_timeout',
    status: 'info',
    matches: ([value]) => value !== undefined && value < FIN_TIMEOUT_DEFAULT,
    fault: 'does not shorten TIME_WAIT',
    why:
      'It bounds FIN_WAIT2 of connections that the program has closed and the peer has not. ' +
      'TIME_WAIT lasts 60 s whatever is set here, a constant of the kernel.',
    ownedBy: 'tw/fin-timeout',
  },
]

export const timeWaitFolklore = folkloreRule(ROWS)

/**
 * Half of the hash of connections; estimated from memory, one power of two low, where the hash is
 * not known.
 */
export function defaultTimeWaitBuckets(facts: Facts): number | null {
  const size = hashSize(facts)
  if (size.known) return size.value.buckets / 2
  const { meminfo } = facts.after
  const total = meminfo.known ? meminfo.value.MemTotal : undefined
  if (total === undefined) return null
  const buckets = Math.min(HASH_BUCKETS_MAX, nextPowerOfTwo(total / HASH_BYTES_PER_BUCKET) / 2)
  return buckets / 2
}
