/**
 * Lines of the kernel log that a check knows. The rest is dropped at once: the log holds more than
 * doctor should carry.
 */
import { lines } from './numbers.ts'

export const KERNEL_LOG_PATTERNS = {
  orphans: /too many orphaned sockets/,
  tcpMemory: /out of memory -- consider tuning tcp_mem/,
  synFlood: /Possible SYN flooding/,
  conntrackFull: /nf_conntrack: (?:nf_conntrack: )?table full, dropping packet/,
  fileMax: /VFS: file-max limit \d+ reached/,
  neighbours: /neighbou?r table overflow/,
  clocksource: /Marking clocksource/,
  pageAllocation: /page allocation failure/,
  ehash: /TCP established hash table entries: \d+/,
  portParity: /prefer different parity/,
  oomKill: /Killed process \d+|oom-kill:/,
} as const

export type KernelLogKind = keyof typeof KERNEL_LOG_PATTERNS

export interface KernelLogLine {
  readonly kind: KernelLogKind
  readonly text: string
}

/** The newest lines matter; a flood of one kind must not crowd out the others. */
const LINES_PER_KIND_MAX = 20

export function pickKernelLog(text: string): KernelLogLine[] {
  const picked: KernelLogLine[] = []
  const countByKind = new Map<KernelLogKind, number>()
  for (const line of lines(text).reverse()) {
    const kind = (Object.keys(KERNEL_LOG_PATTERNS) as KernelLogKind[]).find((candidate) =>
      KERNEL_LOG_PATTERNS[candidate].test(line),
    )
    if (kind === undefined) continue
    const count = countByKind.get(kind) ?? 0
    if (count >= LINES_PER_KIND_MAX) continue
    countByKind.set(kind, count + 1)
    picked.push({ kind, text: line.trim().slice(0, 300) })
  }
  return picked.reverse()
}
