/** Time that the hypervisor gave to other machines. A measurement taken meanwhile measures them. */
import { counted, percent } from '../../counter-moves.ts'
import { type CpuShare, cpuShares } from '../../cpu-shares.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { cappedByBasis, isAlarm } from '../../status-order.ts'

/** Both heuristic: 3 % of stolen time shows in the 99th percentile, 10 % in the median. */
const WARN_SHARE = 0.03
const CRITICAL_SHARE = 0.1

export const cpuSteal: Check = {
  id: 'cpu/steal',
  title: 'CPU time taken by the hypervisor (steal)',
  family: 'cpu',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'Documentation/filesystems/proc.rst (/proc/stat), kernel/sched/cputime.c',
  why:
    'Steal is time in which this machine wanted to run and the hypervisor ran somebody else. ' +
    'Every such gap is a pause of the event loop; latencies of a generator are then worthless.',
  explain: `The eighth figure of each cpu line in /proc/stat. It grows when the physical host is
sold more than once over, or when the machine has used up its credit (burstable instance types).

From 3 % on tail latencies are not yours; from 10 % on the median is not. Nothing inside the machine
helps: move it, take dedicated cores, or another type. A generator should repeat the run.

Some hypervisors report no steal at all: 0 then proves nothing.`,
  evaluate: evaluateSteal,
}

function evaluateSteal(facts: Facts): Finding {
  const shares = cpuShares(facts)
  if (!shares.known) return unknownFinding(cpuSteal, shares)
  const { rows, basis } = shares.value
  const share = overall(rows)
  const worst = rows.reduce((most, row) => (row.steal > most.steal ? row : most))
  const raw: Status = share >= CRITICAL_SHARE ? 'critical' : share >= WARN_SHARE ? 'warn' : 'ok'
  const status = cappedByBasis(raw, basis)
  return findingOf(cpuSteal, {
    status,
    observed: `${percent(share)} stolen${basis === 'boot' ? ', averaged since boot' : ''}`,
    needed: `under ${percent(WARN_SHARE)}`,
    evidence: [
      `${shares.source}: ${percent(share)} over ${counted(rows.length, 'CPU')}, ` +
        `most on CPU ${worst.cpu} (${percent(worst.steal)})`,
    ],
    ...(isAlarm(status)
      ? {
          fixNow: 'repeat the measurement on a machine with CPUs of its own',
          fixForGood: 'dedicated cores, or an instance type that does not share them',
        }
      : {}),
  })
}

function overall(rows: readonly CpuShare[]): number {
  const ticks = rows.reduce((sum, row) => sum + row.ticks, 0)
  const stolen = rows.reduce((sum, row) => sum + row.steal * row.ticks, 0)
  return ticks > 0 ? stolen / ticks : 0
}
