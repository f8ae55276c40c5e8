/**
 * How evenly the CPUs share the work of receiving packets. Softirq time is the first witness; since
 * it is sampled at ticks, packets counted per CPU are the second, and the ksoftirqd threads the
 * third. Used by cpu/softirq-balance and by the nic checks that it decides.
 */
import { percent } from './counter-moves.ts'
import { type CpuShares, cpuShares, median } from './cpu-shares.ts'
import { type Fact, known } from './fact.ts'
import type { Facts } from './facts.ts'
import type { Status } from './finding.ts'
import { softnetMoves } from './softnet-moves.ts'
import { cappedByBasis, worstOf } from './status-order.ts'
import { actsAsServer, type Target } from './target.ts'

export const SOFTIRQ_SHARE_MAX = 0.85
export const SOFTIRQ_SHARE_HIGH = 0.5
export const TIMES_MEDIAN = 3
export const TIMES_MEAN = 3
/** Below so many packets a second in all, an uneven share of them means nothing. */
export const PACKETS_PER_SECOND_MIN = 10_000
export const KSOFTIRQD_SHARE = 0.2
/** Ticks of /proc/PID/stat in a second (USER_HZ). */
const TICKS_PER_SECOND = 100

export interface SoftirqBalance {
  readonly status: Status
  readonly shares: CpuShares
  readonly hottestCpu: number
  readonly hottestShare: number
  readonly medianShare: number
  /** CPUs whose softirq share is at least SOFTIRQ_SHARE_HIGH. */
  readonly loadedCpus: readonly number[]
  /** Largest share of packets of one CPU over the mean; null: not read, or too few packets. */
  readonly packetsOverMean: number | null
  /** ksoftirqd threads that run hot: CPU and share. */
  readonly busyThreads: readonly { readonly cpu: number; readonly share: number }[]
}

export function softirqBalance(facts: Facts, target: Target): Fact<SoftirqBalance> {
  const shares = cpuShares(facts)
  if (!shares.known) return shares
  const { rows, basis } = shares.value
  const hottest = rows.reduce((most, row) => (row.softirq > most.softirq ? row : most))
  const medianShare = median(rows.map(({ softirq }) => softirq))
  const packetsOverMean = packetSkew(facts)
  const busyThreads = hotThreads(facts)
  const isSkewed =
    hottest.softirq >= SOFTIRQ_SHARE_HIGH && hottest.softirq >= TIMES_MEDIAN * medianShare
  const status = worstOf(
    hottest.softirq >= SOFTIRQ_SHARE_MAX ? 'critical' : 'ok',
    isSkewed ? (actsAsServer(target) ? 'critical' : 'warn') : 'ok',
    packetsOverMean !== null && packetsOverMean >= TIMES_MEAN ? 'warn' : 'ok',
    busyThreads.length > 0 ? 'warn' : 'ok',
  )
  return known(
    {
      status: cappedByBasis(status, basis),
      shares: shares.value,
      hottestCpu: hottest.cpu,
      hottestShare: hottest.softirq,
      medianShare,
      loadedCpus: rows.filter(({ softirq }) => softirq >= SOFTIRQ_SHARE_HIGH).map(({ cpu }) => cpu),
      packetsOverMean,
      busyThreads,
    },
    shares.source,
  )
}

/** "CPU 5: 58 %, CPU 7: 57 %, CPU 0: 2.0 %", the busiest first. */
export function softirqSharesText(shares: CpuShares, countMax = 8): string {
  return [...shares.rows]
    .sort((a, b) => b.softirq - a.softirq)
    .slice(0, countMax)
    .map(({ cpu, softirq }) => `CPU ${cpu}: ${percent(softirq)}`)
    .join(', ')
}

function packetSkew(facts: Facts): number | null {
  const moves = softnetMoves(facts, 'processed')
  if (!moves.known || facts.sampling === 'single') return null
  const rates = moves.value.map(({ move }) => move.perSecond)
  const sum = rates.reduce((total, rate) => total + rate, 0)
  return sum < PACKETS_PER_SECOND_MIN ? null : Math.max(...rates) / (sum / rates.length)
}

function hotThreads(facts: Facts): { cpu: number; share: number }[] {
  const { ksoftirqd: before } = facts.before
  const { ksoftirqd: after } = facts.after
  if (facts.sampling === 'single' || !before.known || !after.known) return []
  const windowTicks = (facts.windowMs / 1_000) * TICKS_PER_SECOND
  return Object.entries(after.value).flatMap(([cpu, thread]) => {
    const earlier = before.value[Number(cpu)]
    if (earlier === undefined || windowTicks <= 0) return []
    const share = (thread.cpuTicks - earlier.cpuTicks) / windowTicks
    return share >= KSOFTIRQD_SHARE ? [{ cpu: Number(cpu), share }] : []
  })
}
