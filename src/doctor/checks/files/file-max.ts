/**
 * Open files of the whole host. The projection adds what the target still lacks to what is open
 * now; programs with CAP_SYS_ADMIN are exempt in the kernel, so for them the same numbers are only
 * information.
 */
import { grouped, percent } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { raiseSysctl } from '../../setting.ts'
import { socketsHeld } from '../../socket-demand.ts'
import { descriptorsNeeded, type Target } from '../../target.ts'

const KEY = 'fs.file-max'
const WARN_SHARE = 0.8
/** include/uapi/linux/capability.h CAP_SYS_ADMIN. */
const CAP_SYS_ADMIN_BIT = 21n

export const filesFileMax: Check = {
  id: 'files/file-max',
  title: 'Open files of the host',
  family: 'files',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'fs/file_table.c alloc_empty_file, files_maxfiles_init',
  why:
    'fs.file-max caps the open files of all processes together. Beyond it accept() and socket() ' +
    'fail with ENFILE for every program without CAP_SYS_ADMIN, and open() of a log file as well.',
  explain: `/proc/sys/fs/file-nr shows what is open ("allocated"), a zero, and the limit.
Allocated is an estimate that each CPU keeps in batches.

Need: what is open now, and the descriptors that the target still lacks. 1.5 times that leaves
room.

The kernel's default is a tenth of memory in KiB (24 GiB give 2.47 million), and systemd since 240
raises it out of reach. Many guides set 65,535 or a million, which is less than the default:
delete such lines. The limit of a process is another one (files/process-nofile).`,
  evaluate: evaluateFileMax,
}

function evaluateFileMax(facts: Facts, target: Target): Finding {
  const { fileNr } = facts.after
  if (!fileNr.known) return unknownFinding(filesFileMax, fileNr)
  const { allocated, max } = fileNr.value
  const need =
    socketsHeld(target) + (descriptorsNeeded(target) - shareOf(target)) * workersOf(target)
  const held = descriptorsHeld(facts)
  const projected = allocated + Math.max(0, need - held)
  const share = max > 0 ? projected / max : 1
  const logged = facts.kernelLog.known
    ? facts.kernelLog.value.filter(({ kind }) => kind === 'fileMax')
    : []
  const exempt = allAreExempt(facts)
  const status = statusOf(share, logged.length > 0, exempt)
  const evidence = [`${fileNr.source}: allocated ${grouped(allocated)}, limit ${grouped(max)}`]
  evidence.push(...logged.slice(-1).map(({ text }) => `kernel log: ${text}`))
  if (exempt) evidence.push('/proc/PID/status: CapEff holds CAP_SYS_ADMIN, which is exempt')
  const wanted = Math.ceil(1.5 * projected)
  return findingOf(filesFileMax, {
    status,
    observed:
      `${grouped(allocated)} open now, ${percent(share)} of ${grouped(max)} at the target` +
      (logged.length > 0 ? '; the kernel log tells of a limit that was reached' : ''),
    needed:
      `under ${percent(WARN_SHARE)} of ${KEY}: ${grouped(allocated)} open + ` +
      `${grouped(need)} for the target − ${grouped(held)} of them open now = ${grouped(projected)}`,
    evidence,
    settings:
      (status === 'warn' || status === 'critical') && max < wanted
        ? [raiseSysctl(KEY, wanted, '1.5 times the files open at the target')]
        : [],
  })
}

/** A line in the log may be weeks old: it warns, and only numbers of now are critical. */
function statusOf(share: number, isLogged: boolean, exempt: boolean): Status {
  if (share >= 1) return exempt ? 'info' : 'critical'
  if (isLogged) return 'warn'
  return share >= WARN_SHARE ? (exempt ? 'info' : 'warn') : 'ok'
}

function workersOf(target: Target): number {
  return Math.max(1, target.workers)
}

function shareOf(target: Target): number {
  return Math.ceil(target.connections / workersOf(target))
}

/**
 * Descriptors of the target that are open already: those of the processes named, else all TCP
 * sockets seen.
 */
function descriptorsHeld(facts: Facts): number {
  const counts = facts.processes.map(({ pid }) => facts.after.processes[pid]?.fdCount)
  const exact = counts.flatMap((fact) =>
    fact?.known && fact.value.exact ? [fact.value.count] : [],
  )
  if (exact.length > 0) return exact.reduce((sum, count) => sum + count, 0)
  const { sockstat } = facts.after
  return sockstat.known ? sockstat.value.tcpInUse + sockstat.value.tcp6InUse : 0
}

function allAreExempt(facts: Facts): boolean {
  return (
    facts.processes.length > 0 &&
    facts.processes.every(({ status }) => status.known && isSysAdmin(status.value.capEff))
  )
}

function isSysAdmin(capEff: string): boolean {
  return (
    /^[0-9a-f]{1,16}$/i.test(capEff) && ((BigInt(`0x${capEff}`) >> CAP_SYS_ADMIN_BIT) & 1n) === 1n
  )
}
