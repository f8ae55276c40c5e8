/**
 * Folklore about buffers: bytes taken for pages, first windows starved, and keys that are not about
 * TCP.
 */
import { parseDecimals } from '../parsers/numbers.ts'
import { bytesText, PAGE_BYTES } from '../socket-demand.ts'
import { TCP_MEM_KEY } from '../tcp-mem-vector.ts'
import {
  chosenValues,
  type FolkloreRow,
  folkloreRule,
  type LintContext,
  type LintHit,
} from './lint-rule.ts'

const SMALLEST_BYTES = 4_096
const START_BYTES = 16_384

const starved = (numbers: readonly number[]): boolean => {
  const [smallest, start] = numbers
  if (smallest === undefined || start === undefined) return false
  return smallest < SMALLEST_BYTES || start < START_BYTES
}

const notAboutTcp = (key: string): FolkloreRow => ({
  key,
  status: 'info',
  matches: (numbers, _context, { fromFile }) => fromFile && numbers.length === 1,
  fault: 'does not concern TCP',
  why:
    'TCP takes its first buffer from tcp_rmem and tcp_wmem; this default is for UDP and the ' +
    'rest. A large value here only makes every such socket larger.',
})

const ROWS: readonly FolkloreRow[] = [
  {
    key: 'net.ipv4.tcp_rmem',
    status: 'warn',
    matches: starved,
    fault: 'first receive windows of a segment or two',
    why:
      'The three numbers are limits for growth: an idle connection uses none of it, so small ' +
      'ones save nothing. They slow TLS handshakes and uploads, and newer stable kernels refuse ' +
      'values under 4096.',
    instead: '4096 131072 6291456',
    ownedBy: 'memory/sockbuf',
  },
  {
    key: 'net.ipv4.tcp_wmem',
    status: 'warn',
    matches: starved,
    fault: 'send buffers that hold less than a first flight',
    why:
      'The three numbers are limits for growth: an idle connection uses none of it, so small ' +
      'ones save nothing. To bound slow clients lower the third number, not the first two.',
    instead: '4096 16384 and a third number of your choice',
    ownedBy: 'memory/sockbuf',
  },
  notAboutTcp('net.core.rmem_default'),
  notAboutTcp('net.core.wmem_default'),
]

const folklore = folkloreRule(ROWS)

export function bufferFolklore(context: LintContext): LintHit[] {
  return [...folklore(context), ...tcpMemHits(context)]
}

/** Pages, not bytes; and three equal numbers leave no phase of pressure before loss. */
function tcpMemHits(context: LintContext): LintHit[] {
  for (const value of chosenValues(context, TCP_MEM_KEY)) {
    const numbers = parseDecimals(value.text) ?? []
    const fault = numbers.length === 3 ? tcpMemFault(numbers, context) : null
    if (fault === null) continue
    return [
      {
        subject: TCP_MEM_KEY,
        status: 'warn',
        observed: `${TCP_MEM_KEY} = ${value.text}: ${fault}`,
        why:
          'The numbers are pages of 4 KiB for all sockets of the host together: free, pressure, ' +
          'loss. Above half of memory the limit protects nothing, and without a gap between the ' +
          'last two the kernel drops before it slows down.',
        fixForGood: value.fromFile
          ? `delete the line (${value.place}); memory/tcp-mem says what the target needs`
          : 'memory/tcp-mem says what the target needs',
        evidence: [`${value.place}: ${value.text}`],
      },
    ]
  }
  return []
}

function tcpMemFault(
  [low, pressure, max = 0]: readonly number[],
  context: LintContext,
): string | null {
  const { meminfo } = context.facts.after
  const memory = meminfo.known ? meminfo.value.MemTotal : undefined
  const bytes = max * PAGE_BYTES
  if (memory !== undefined && bytes > memory) {
    return `${bytesText(bytes)}, more than the host has: bytes taken for pages?`
  }
  if (memory !== undefined && bytes > memory / 2) {
    return `${bytesText(bytes)}, over half of memory`
  }
  return low === pressure && pressure === max ? 'three equal numbers, no phase of pressure' : null
}
