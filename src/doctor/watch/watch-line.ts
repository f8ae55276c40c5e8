/** One interval of --watch on one line, for pipes and logs: always the same fields, in order. */
import type { Finding } from '../finding.ts'
import { bytesText } from '../socket-demand.ts'
import { worstStatus } from '../run-checks.ts'
import type { MovingCounters } from './moving-counters.ts'

export function watchLine(
  time: string,
  counters: MovingCounters,
  findings: readonly Finding[],
): string {
  const { established, timeWait, orphans, tcpMemoryBytes } = counters
  const hottest = counters.cpus.reduce((most, { softirq }) => Math.max(most, softirq), 0)
  const softirq = counters.cpus.length === 0 ? '?' : `${Math.round(hottest * 100)}%`
  const worst = worstStatus(findings)
  const named = findings.filter(({ status }) => status === worst && worst !== 'ok')
  const alarm = worst === 'critical' || worst === 'warn'
  return [
    time,
    `established ${countText(established)}`,
    `time_wait ${countText(timeWait)}`,
    `orphans ${countText(orphans)}`,
    `accepts/s ${rateText(counters.acceptsPerSecond)}`,
    `overflows/s ${rateText(counters.listenOverflowsPerSecond)}`,
    `drops/s ${rateText(counters.listenDropsPerSecond)}`,
    `retransmits/s ${rateText(counters.retransmitsPerSecond)}`,
    `softnet_drops/s ${rateText(counters.softnetDropsPerSecond)}`,
    `squeezes/s ${rateText(counters.softnetSqueezesPerSecond)}`,
    `softirq_max ${softirq}`,
    `tcp_memory ${tcpMemoryBytes === null ? '?' : bytesText(tcpMemoryBytes).replace(' ', '')}`,
    alarm ? `${worst} ${[...new Set(named.map(({ id }) => id))].slice(0, 3).join(',')}` : 'calm',
  ].join('  ')
}

/** A count without separators, so that a program can read it back. */
export function countText(count: number | null): string {
  return count === null ? '?' : String(count)
}

export function rateText(perSecond: number | null): string {
  if (perSecond === null) return '?'
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond))
}
