/**
 * Descriptors in use against the limit in force. On kernels before 6.2 the cheap answer is the size
 * of the table, an upper bound: it can prove that there is room, never that there is none.
 */
import { grouped, percent } from '../../counter-moves.ts'
import { unknown } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import type { ProcessFacts } from '../../facts-process.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { nofileRemedy } from '../../nofile-remedy.ts'
import { labelOfProcess, limitText, noProcessNamed } from '../../process-label.ts'
import { descriptorsNeeded, type Target } from '../../target.ts'

const WARN_SHARE = 0.8
const CRITICAL_SHARE = 0.95

export const filesFdUsed: Check = {
  id: 'files/fd-used',
  title: 'Descriptors in use',
  family: 'files',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'fs/proc/fd.c proc_readfd_count, fs/file.c alloc_fd',
  why:
    'At its soft limit a process can accept nothing more: accept() fails with EMFILE, and a loop ' +
    'that retries at once burns a whole CPU. Logs and upstream connections fail with it.',
  explain: `What is open: the size of the folder /proc/PID/fd, as stat shows it since kernel 6.2,
costs microseconds. Before 6.2 only FDSize of /proc/PID/status is cheap; that is the size of the
table, a power of two and an upper bound.

Do not list /proc/PID/fd of a large server, as "lsof" and "ls | wc -l" do: the kernel makes an
entry and an inode for each descriptor and keeps both, about a gigabyte at a million.

If the number only ever grows while connections do not, the program leaks descriptors: see
tw/close-wait.`,
  evaluate: evaluateFdUsed,
}

function evaluateFdUsed(facts: Facts, target: Target): Finding | Finding[] {
  if (facts.processes.length === 0) return unknownFinding(filesFdUsed, noProcessNamed)
  return facts.processes.map((process) => judgeProcess(facts, process, target))
}

function judgeProcess(facts: Facts, process: ProcessFacts, target: Target): Finding {
  const subject = labelOfProcess(process)
  const used = facts.after.processes[process.pid]?.fdCount
  if (used === undefined) {
    const gone = unknown('the process ended meanwhile', `/proc/${process.pid}`)
    return unknownFinding(filesFdUsed, gone, subject)
  }
  if (!used.known) return unknownFinding(filesFdUsed, used, subject)
  if (!process.limits.known) return unknownFinding(filesFdUsed, process.limits, subject)
  const limit = process.limits.value['Max open files']
  if (limit === undefined) {
    const missing = unknown('names no "Max open files"', process.limits.source)
    return unknownFinding(filesFdUsed, missing, subject)
  }
  const { soft } = limit
  const { count, exact } = used.value
  const share = soft === 0 ? 1 : count / soft
  if (!exact && share >= WARN_SHARE) {
    const bound = `the kernel tells only an upper bound: ${grouped(count)} of ${grouped(soft)}`
    return unknownFinding(filesFdUsed, unknown(bound, used.source), subject)
  }
  const isShort = share >= WARN_SHARE
  const wanted = Math.max(descriptorsNeeded(target), 2 * count)
  return findingOf(filesFdUsed, {
    subject,
    status: share >= CRITICAL_SHARE ? 'critical' : isShort ? 'warn' : 'ok',
    observed:
      `${exact ? '' : 'at most '}${grouped(count)} of ` +
      `${limitText(soft)} in use, ${percent(share)}`,
    needed: `under ${percent(WARN_SHARE)} of the soft limit`,
    evidence: [
      `${used.source}: ${count}`,
      `${process.limits.source}: Max open files soft ${limitText(soft)}`,
    ],
    ...(isShort ? nofileRemedy(process, limit, wanted, 'the target, or twice what is open') : {}),
  })
}
