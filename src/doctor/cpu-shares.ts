/**
 * What each CPU did within the window, as shares of its time; since boot where there is one sample.
 * A CPU that is in one sample only, or has too few ticks to divide (100 a second), is left out
 * rather than guessed.
 */
import { type Fact, known, unknown } from './fact.ts'
import type { Facts } from './facts.ts'
import type { CpuTimes } from './parsers/cpu-times.ts'

export interface CpuShare {
  readonly cpu: number
  /** 0 … 1, as the others. */
  readonly softirq: number
  readonly idle: number
  readonly steal: number
  readonly ticks: number
}

export interface CpuShares {
  readonly basis: 'window' | 'boot'
  /** At least one. */
  readonly rows: readonly CpuShare[]
}

/** A tenth of a second: below it one tick is a tenth of the figure. */
const TICKS_MIN = 10

export function cpuShares(facts: Facts): Fact<CpuShares> {
  const { cpuTimes: after } = facts.after
  if (!after.known) return after
  if (facts.sampling === 'single') {
    return sharesOf(
      'boot',
      after.value.map((row) => shareOf(row, NO_TIMES)),
      after.source,
    )
  }
  const { cpuTimes: before } = facts.before
  if (!before.known) return before
  const rows = after.value.flatMap((row) => {
    const earlier = before.value.find(({ cpu }) => cpu === row.cpu)
    return earlier === undefined ? [] : [shareOf(row, earlier)]
  })
  return sharesOf('window', rows, after.source)
}

function sharesOf(
  basis: CpuShares['basis'],
  rows: readonly CpuShare[],
  source: string,
): Fact<CpuShares> {
  const enough = rows.filter(({ ticks }) => ticks >= TICKS_MIN)
  return enough.length > 0
    ? known({ basis, rows: enough }, source)
    : unknown('the window is too short to share out CPU time', source)
}

const NO_TIMES = { softirq: 0, idle: 0, steal: 0, total: 0 }

/** Idle and iowait can go backwards by a tick; a share never does. */
function shareOf(after: CpuTimes, before: typeof NO_TIMES): CpuShare {
  const ticks = after.total - before.total
  const share = (moved: number): number => (ticks > 0 ? Math.min(1, Math.max(0, moved / ticks)) : 0)
  return {
    cpu: after.cpu,
    softirq: share(after.softirq - before.softirq),
    idle: share(after.idle - before.idle),
    steal: share(after.steal - before.steal),
    ticks,
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}
