/** How many threads the control group may hold, and which descriptor limit the runtime gave. */

import { type ControlGroup, controlGroups, isUnlimitedRoot } from '../../control-groups.ts'
import { counted, grouped, percent } from '../../counter-moves.ts'
import { known } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import {
  type Check,
  type Finding,
  findingOf,
  type Judgement,
  unknownFinding,
} from '../../finding.ts'
import { limitText, noProcessNamed } from '../../process-label.ts'
import { descriptorsNeeded, type Target } from '../../target.ts'

const WARN_SHARE = 0.9

export const cgroupPidsFds: Check = {
  id: 'cgroup/pids-fds',
  title: 'Threads and descriptors that a container may have',
  family: 'cgroup',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'kernel/cgroup/pids.c, Documentation/admin-guide/cgroup-v2.rst (PID)',
  why:
    'At pids.max fork() and pthread_create() fail with EAGAIN, though the host has room. The ' +
    'descriptor limit of a container comes from its runtime, not from the host or the shell.',
  explain: `pids.max counts threads, not only processes. systemd calls it TasksMax and sets 15 % of
the host's maximum by default; Kubernetes has podPidsLimit. A worker thread more at the limit means
that a node cannot start its shards or that a garbage collector cannot start its helpers.

The descriptor limit inside a container is what its runtime was started with: LimitNOFILE of the
containerd or docker unit, or --ulimit. Whether it is enough is judged by files/process-nofile; here
it is shown beside the group that it belongs to.`,
  evaluate: (facts, target) => {
    const groups = controlGroups(facts.processes, 'pids')
    if (groups.length === 0) return unknownFinding(cgroupPidsFds, noProcessNamed)
    return groups.map((group) => judge(facts, target, group))
  },
}

function judge(facts: Facts, target: Target, group: ControlGroup): Finding {
  const { cgroup, limits } = group.first
  const max = isUnlimitedRoot(facts, group, cgroup.pidsMax)
    ? known(Number.POSITIVE_INFINITY, cgroup.pidsMax.source)
    : cgroup.pidsMax
  if (!max.known) return unknownFinding(cgroupPidsFds, max, group.label)
  const nofile = limits.known ? limits.value['Max open files'] : undefined
  const evidence = [`${max.source}: ${limitText(max.value)}`]
  if (nofile !== undefined && limits.known) {
    evidence.push(
      `${limits.source}: Max open files ${limitText(nofile.soft)}, ` +
        `${grouped(descriptorsNeeded(target))} needed (files/process-nofile)`,
    )
  }
  const give = (judgement: Omit<Judgement, 'evidence'>): Finding =>
    findingOf(cgroupPidsFds, { subject: group.label, evidence, ...judgement })
  if (max.value === Number.POSITIVE_INFINITY) {
    return give({ status: 'ok', observed: 'no limit on threads' })
  }
  if (!cgroup.pidsCurrent.known) {
    return unknownFinding(cgroupPidsFds, cgroup.pidsCurrent, group.label)
  }
  const current = cgroup.pidsCurrent.value
  const share = max.value > 0 ? current / max.value : 1
  evidence.push(`${cgroup.pidsCurrent.source}: ${grouped(current)}`)
  const wanted = 2 * Math.max(current, max.value)
  return give({
    status: share >= WARN_SHARE ? 'warn' : 'ok',
    observed: `${grouped(current)} of ${counted(max.value, 'thread')}, ${percent(share)}`,
    needed: `under ${percent(WARN_SHARE)}`,
    ...(share >= WARN_SHARE ? remedy(group, wanted) : {}),
  })
}

function remedy({ first }: ControlGroup, wanted: number): Pick<Judgement, 'fixNow' | 'fixForGood'> {
  const unit = first.unit.known ? first.unit.value.name : null
  return unit === null
    ? {
        fixNow: `allow the container ${counted(wanted, 'thread')} (--pids-limit, podPidsLimit)`,
        fixForGood: `in the definition of the container: --pids-limit ${wanted}`,
      }
    : {
        fixNow: `systemctl set-property --runtime ${unit} TasksMax=${wanted}`,
        fixForGood: `/etc/systemd/system/${unit}.d/90-pushctl.conf: TasksMax=${wanted}`,
      }
}
