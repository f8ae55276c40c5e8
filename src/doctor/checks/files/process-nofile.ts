/**
 * The descriptor limit of the process that will hold the connections, not that of the shell doctor
 * runs in. A running program has raised its soft limit already if it ever does, so what
 * /proc/PID/limits says is what accept() will meet.
 */
import { counted, grouped } from '../../counter-moves.ts'
import { unknown } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import type { ProcessFacts } from '../../facts-process.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { nofileRemedy } from '../../nofile-remedy.ts'
import type { Limit } from '../../parsers/process-limits.ts'
import { labelOfProcess, limitText, noProcessNamed } from '../../process-label.ts'
import { descriptorsNeeded, type Target } from '../../target.ts'

export const filesProcessNofile: Check = {
  id: 'files/process-nofile',
  title: 'Descriptor limit of the process',
  family: 'files',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'fs/file.c alloc_fd, kernel/sys.c do_prlimit, proc_pid_limits(5)',
  why:
    'Every connection is a descriptor, and accept() fails with EMFILE at the soft limit of the ' +
    'process. The connection stays in the accept queue meanwhile, so a short limit looks like an ' +
    'overflow of the listener.',
  explain: `Three limits bound descriptors: RLIMIT_NOFILE of the process (this check), fs.nr_open,
which is the highest value that limit may take, and fs.file-max for the whole host.

Need per process: its share of the connections, and the larger of 1,024 and 2 % on top for files,
listeners, upstream connections and a burst of reconnects.

A process has the limits of its start. For a systemd service set LimitNOFILE in the unit and
restart it; limits.conf is read by PAM at login and does nothing for services. prlimit changes a
running process. Node raises its own soft limit to the hard one when it starts.

Do not write LimitNOFILE=infinity: it becomes fs.nr_open, often a billion, and programs that walk
over all possible descriptors then hang. "ulimit -n" in a shell shows the limit of that shell
only.`,
  evaluate: evaluateNofile,
}

function evaluateNofile(facts: Facts, target: Target): Finding | Finding[] {
  const { processes } = facts
  if (processes.length === 0) return unknownFinding(filesProcessNofile, noProcessNamed)
  const need = descriptorsNeeded(target)
  return processes.map((process) => judgeProcess(process, need, target))
}

function judgeProcess(process: ProcessFacts, need: number, target: Target): Finding {
  const subject = labelOfProcess(process)
  const { limits } = process
  if (!limits.known) return unknownFinding(filesProcessNofile, limits, subject)
  const limit = limits.value['Max open files']
  if (limit === undefined) {
    const missing = unknown('names no "Max open files"', limits.source)
    return unknownFinding(filesProcessNofile, missing, subject)
  }
  const isShort = limit.soft < need
  return findingOf(filesProcessNofile, {
    subject,
    status: isShort ? 'critical' : 'ok',
    observed: observedText(limit, need),
    needed: `soft limit ≥ ${grouped(need)} (${needFormula(need, target)})`,
    evidence: [`${limits.source}: Max open files ${bothText(limit)}`],
    ...(isShort
      ? nofileRemedy(process, limit, need, 'a descriptor a connection, and some more')
      : {}),
  })
}

function needFormula(need: number, target: Target): string {
  const workers = Math.max(1, target.workers)
  const share = Math.ceil(target.connections / workers)
  const spread = workers > 1 ? ` (1 of ${workers} processes)` : ''
  return `${counted(share, 'connection')}${spread} + max(1,024, 2 %) = ${grouped(need)}`
}

function observedText(limit: Limit, need: number): string {
  if (limit.hard < need)
    return `hard limit ${limitText(limit.hard)}, so it cannot be raised from inside`
  if (limit.soft < need)
    return `soft limit ${limitText(limit.soft)} of a hard limit ${limitText(limit.hard)}`
  return `soft limit ${limitText(limit.soft)}`
}

function bothText({ soft, hard }: Limit): string {
  return `soft ${limitText(soft)}, hard ${limitText(hard)}`
}
