/** Whether the limit that was configured is the one in force: limits are taken at start. */
import { unknown } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import type { ProcessFacts } from '../../facts-process.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { labelOfProcess, limitText, noProcessNamed } from '../../process-label.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { descriptorsNeeded, type Target } from '../../target.ts'

export const processFdLimitInherited: Check = {
  id: 'process/fd-limit-inherited',
  title: 'Descriptor limit in force and as configured',
  family: 'process',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'kernel/sys.c do_prlimit, systemd.exec(5) LimitNOFILE',
  why:
    'A process keeps the limits it was started with. After a change of its unit the old limit ' +
    'stays in force until a restart, which is easily forgotten.',
  explain: `systemd sets LimitNOFILE when it starts a service; editing the unit, or daemon-reload,
changes nothing for a running one. Compared are the unit's LimitNOFILE (systemctl show) and "Max
open files" of /proc/PID/limits.

The other way round is a trap as well: somebody raised a running process with prlimit, the unit says
less, and the next restart takes it back.

LimitNOFILE=infinity means fs.nr_open. limits.conf concerns logins, not services.`,
  evaluate: (facts, target) =>
    facts.processes.length === 0
      ? unknownFinding(processFdLimitInherited, noProcessNamed)
      : facts.processes.map((process) => judge(facts, target, process)),
}

function judge(facts: Facts, target: Target, process: ProcessFacts): Finding {
  const subject = labelOfProcess(process)
  const { limits, unit } = process
  if (!limits.known) return unknownFinding(processFdLimitInherited, limits, subject)
  const inForce = limits.value['Max open files']
  if (inForce === undefined) {
    const missing = unknown('names no "Max open files"', limits.source)
    return unknownFinding(processFdLimitInherited, missing, subject)
  }
  const evidence = [
    `${limits.source}: soft ${limitText(inForce.soft)}, hard ${limitText(inForce.hard)}`,
  ]
  if (!unit.known) {
    if (!runsOutsideServices(process)) {
      return unknownFinding(processFdLimitInherited, unit, subject)
    }
    return findingOf(processFdLimitInherited, {
      subject,
      status: 'ok',
      observed: `${limitText(inForce.hard)}, inherited: no systemd service sets it`,
      evidence,
    })
  }
  if (unit.value.limitNofile === null) {
    const missing = unknown('does not tell LimitNOFILE', unit.source)
    return unknownFinding(processFdLimitInherited, missing, subject)
  }
  const ceiling = sysctlNumber(facts, 'fs.nr_open')
  const configured = ceiling.known
    ? Math.min(unit.value.limitNofile, ceiling.value)
    : unit.value.limitNofile
  if (configured === Number.POSITIVE_INFINITY && !ceiling.known) {
    return unknownFinding(processFdLimitInherited, ceiling, subject)
  }
  const status = statusOf(configured, inForce.hard)
  const needed = descriptorsNeeded(target)
  return findingOf(processFdLimitInherited, {
    subject,
    status,
    observed: observedText(configured, inForce.hard, unit.value.name),
    needed: `the configured limit in force, and at least ${limitText(needed)}`,
    evidence: [...evidence, `${unit.source}: LimitNOFILE ${limitText(unit.value.limitNofile)}`],
    ...remedy(status, unit.value.name, inForce.hard),
  })
}

/** Known control groups without a service among them: a login, a container, a shell. */
function runsOutsideServices({ cgroupPaths }: ProcessFacts): boolean {
  if (!cgroupPaths.known) return false
  const { unified, byController } = cgroupPaths.value
  const paths = [byController['name=systemd'], unified].filter((path) => path != null)
  return paths.length > 0 && paths.every((path) => !/\.service(?:\/|$)/.test(path))
}

function statusOf(configured: number, inForce: number): Status {
  if (configured > inForce) return 'warn'
  return configured < inForce ? 'info' : 'ok'
}

function observedText(configured: number, inForce: number, unit: string): string {
  if (configured > inForce) {
    return `${unit} says ${limitText(configured)}, in force is still ${limitText(inForce)}`
  }
  if (configured < inForce) {
    return `${limitText(inForce)} in force, but after a restart ${limitText(configured)} by ${unit}`
  }
  return `${limitText(inForce)}, as ${unit} says`
}

function remedy(
  status: Status,
  unit: string,
  inForce: number,
): { fixNow?: string; fixForGood?: string } {
  if (status === 'warn') {
    return {
      fixNow: `systemctl restart ${unit}`,
      fixForGood: 'restart after each change of limits',
    }
  }
  return status === 'info'
    ? { fixForGood: `/etc/systemd/system/${unit}.d/90-pushctl.conf: LimitNOFILE=${inForce}` }
    : {}
}
