/** CPU quota of the control group: throttled time stops the event loop for the rest of a period. */

import { type ControlGroup, controlGroups, isUnlimitedRoot } from '../../control-groups.ts'
import { counted, grouped, percent } from '../../counter-moves.ts'
import { type Fact, known, unknown } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import {
  type Check,
  type Finding,
  findingOf,
  type Judgement,
  type Status,
  unknownFinding,
} from '../../finding.ts'
import { noProcessNamed } from '../../process-label.ts'
import { cappedByBasis, isAlarm } from '../../status-order.ts'
import { threadShares } from '../../thread-shares.ts'

const WARN_SHARE = 0.05
const CRITICAL_SHARE = 0.2
/** A thread that takes half a CPU or more would like a CPU of its own. */
const BUSY_SHARE = 0.5

export const cgroupCpu: Check = {
  id: 'cgroup/cpu',
  title: 'CPU quota of the control group',
  family: 'cgroup',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'kernel/sched/fair.c throttle_cfs_rq, Documentation/scheduler/sched-bwc.rst',
  why:
    'A group that has used its quota is stopped until the period ends, up to 100 ms. For an ' +
    'event loop that is a stall: accepts pile up, heartbeats are late, latency jumps by the ' +
    'rest of it.',
  explain: `cpu.max says "quota period" in microseconds: 200000 100000 is two CPUs' worth in each
100 ms. Several threads spend it faster than the period passes; then all of them stand still.

cpu.stat counts periods with a stop (nr_throttled of nr_periods) and the time lost, which is summed
over CPUs, so that eight stopped CPUs count eight times. Judged is the smaller of lost time per
second and share of periods.

Give a push node a quota of at least one CPU for each busy thread (event loops, garbage collector),
or no quota and a weight (cpu.weight, requests without limits in Kubernetes). Softirq work, which is
most of the cost of packets, is not charged to the quota.`,
  evaluate: (facts) => {
    const groups = controlGroups(facts.processes, 'cpu')
    if (groups.length === 0) return unknownFinding(cgroupCpu, noProcessNamed)
    return groups.map((group) => judge(facts, group))
  },
}

function judge(facts: Facts, group: ControlGroup): Finding {
  const { cpuQuota } = group.first.cgroup
  const quota = isUnlimitedRoot(facts, group, cpuQuota)
    ? known(Number.POSITIVE_INFINITY, cpuQuota.source)
    : cpuQuota
  if (!quota.known) return unknownFinding(cgroupCpu, quota, group.label)
  const give = (judgement: Judgement): Finding =>
    findingOf(cgroupCpu, { subject: group.label, ...judgement })
  if (quota.value === Number.POSITIVE_INFINITY) {
    return give({ status: 'ok', observed: 'no quota', evidence: [`${quota.source}: no quota`] })
  }
  const throttled = throttledShare(facts, group)
  if (!throttled.known) return unknownFinding(cgroupCpu, throttled, group.label)
  const { share, periods, stopped, basis } = throttled.value
  const busy = busyThreads(facts, group)
  const isNarrow = quota.value < busy
  const status = cappedByBasis(statusOf(share, isNarrow), basis)
  const when = basis === 'window' ? 'in the window' : 'since boot'
  return give({
    status,
    observed:
      `stopped ${percent(share)} of the time (${grouped(stopped)} of ` +
      `${counted(periods, 'period')} ` +
      `${when}), quota of ${quota.value} CPUs` +
      `${isNarrow ? ` for ${counted(busy, 'busy thread')}` : ''}`,
    needed: `under ${percent(WARN_SHARE)}; a CPU for each of ${counted(busy, 'busy thread')}`,
    evidence: [
      `${quota.source}: ${quota.value} CPUs`,
      `${throttled.source}: nr_throttled +${grouped(stopped)}, nr_periods +${grouped(periods)}`,
    ],
    ...(isAlarm(status) ? remedy(group, Math.max(busy, Math.ceil(quota.value + 1))) : {}),
  })
}

function statusOf(share: number, isNarrow: boolean): Status {
  if (share >= CRITICAL_SHARE) return 'critical'
  if (share >= WARN_SHARE) return 'warn'
  return isNarrow ? 'info' : 'ok'
}

interface Throttling {
  readonly share: number
  readonly periods: number
  readonly stopped: number
  readonly basis: 'window' | 'boot'
}

/** With one sample: since the group exists, by periods alone, as its age is not known. */
function throttledShare(facts: Facts, { first }: ControlGroup): Fact<Throttling> {
  const after = facts.after.processes[first.pid]?.cgroupCpuStat
  const before = facts.before.processes[first.pid]?.cgroupCpuStat
  if (after === undefined || before === undefined) return unknown('was not sampled', 'cpu.stat')
  if (!after.known) return after
  if (!before.known) return before
  const isSingle = facts.sampling === 'single'
  const moved = (name: string): number | null => {
    const total = after.value[name]
    if (total === undefined) return null
    const delta = total - (isSingle ? 0 : (before.value[name] ?? 0))
    return delta >= 0 ? delta : null
  }
  const periods = moved('nr_periods')
  const stopped = moved('nr_throttled')
  const lostUs = moved('throttled_usec') ?? nullOr(moved('throttled_time'), 1_000)
  if (periods === null || stopped === null || lostUs === null) {
    return unknown('does not count throttling', after.source)
  }
  const byPeriods = periods > 0 ? stopped / periods : 0
  const byTime = isSingle || facts.windowMs <= 0 ? byPeriods : lostUs / 1_000 / facts.windowMs
  const share = Math.min(1, byTime, byPeriods)
  return known({ share, periods, stopped, basis: isSingle ? 'boot' : 'window' }, after.source)
}

/** Version 1 counts nanoseconds. */
function nullOr(value: number | null, divisor: number): number | null {
  return value === null ? null : value / divisor
}

function busyThreads(facts: Facts, { members }: ControlGroup): number {
  const shares = members.flatMap((process) => {
    const threads = threadShares(facts, process)
    return threads.known ? threads.value : []
  })
  return shares.filter(({ share }) => share >= BUSY_SHARE).length
}

function remedy({ first }: ControlGroup, cpus: number): Pick<Judgement, 'fixNow' | 'fixForGood'> {
  const unit = first.unit.known ? first.unit.value.name : null
  return unit === null
    ? {
        fixNow: `give the container a quota of ${counted(cpus, 'CPU')}, or none`,
        fixForGood: `in the definition of the container: CPU limit ≥ ${cpus}, or none`,
      }
    : {
        fixNow: `systemctl set-property --runtime ${unit} CPUQuota=${cpus * 100}%`,
        fixForGood: `/etc/systemd/system/${unit}.d/90-pushctl.conf: CPUQuota=${cpus * 100}%`,
      }
}
