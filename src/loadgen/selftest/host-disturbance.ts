/**
 * What the host did to a selftest meanwhile, from counters read before and after: CPU that went to
 * others, time stolen by the hypervisor, and bench's own verdict. Pure but for readMoment().
 */
import { availableParallelism } from 'node:os'
import { nowUs } from '../../stats/clock.ts'
import { type HostSample, readHostSample } from '../../stats/host-counters.ts'
import type { VerdictReport } from '../../stats/run-report.ts'

export interface HostMoment {
  readonly atUs: number
  readonly host: HostSample
  /** User and system time of this process and all its threads. */
  readonly ownCpuUs: number
}

export function readMoment(): HostMoment {
  const { user, system } = process.cpuUsage()
  return { atUs: nowUs(), host: readHostSample(), ownCpuUs: user + system }
}

/** A core is needed by the generator and one by the server. */
const CORES_MIN = 2
/** In cores. The kernel counts in ticks of 10 ms, so less than this is not told from nothing. */
const FOREIGN_MAX = 0.1
const STEAL_SHARE_MAX = 0.01

export interface DisturbanceFacts {
  readonly before: HostMoment
  readonly after: HostMoment
  /** CPU of the server and of generator processes in between. */
  readonly childrenCpuUs: number
  readonly verdict: VerdictReport
  readonly cores: number
}

/** Cores that other processes used between the two moments; null where the host does not tell. */
export function foreignCores({ before, after, childrenCpuUs, cores }: DisturbanceFacts) {
  const [from, to] = [before.host.cpu, after.host.cpu]
  if (from === null || to === null || to.total <= from.total) return null
  // In cores and not in ticks: what the host counts of steal and idle need not sum to the clock.
  const busyCores = ((to.busy - from.busy) / (to.total - from.total)) * cores
  const ownUs = after.ownCpuUs - before.ownCpuUs + childrenCpuUs
  return Math.max(0, busyCores - ownUs / (after.atUs - before.atUs))
}

/** One sentence each; empty on a quiet host. */
export function disturbancesOf(facts: DisturbanceFacts): string[] {
  const { before, after, verdict, cores } = facts
  const seen: string[] = []
  if (cores < CORES_MIN) {
    seen.push(`generator and server share ${cores} core: each needs one of its own`)
  }
  const foreign = foreignCores(facts)
  if (foreign !== null && foreign > FOREIGN_MAX) {
    seen.push(`other processes used ${foreign.toFixed(2)} of ${cores} cores`)
  }
  const [from, to] = [before.host.cpu, after.host.cpu]
  if (from !== null && to !== null && to.total > from.total) {
    const steal = (to.steal - from.steal) / (to.total - from.total)
    if (steal > STEAL_SHARE_MAX) {
      seen.push(`the hypervisor took ${(steal * 100).toFixed(1)} % of the CPU time`)
    }
  }
  if (verdict.value !== 'VALID') {
    seen.push(...verdict.reasons.map((reason) => `bench calls itself ${verdict.value}: ${reason}`))
  }
  return seen
}

export function coresOfHost(): number {
  return availableParallelism()
}
