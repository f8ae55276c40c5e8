/**
 * Swap under a server: one finding about the host, one for each process named. A collector walks
 * the whole heap, so a single swapped page per object turns a pause of milliseconds into seconds.
 */
import {
  counted,
  type CounterMove,
  describeMove,
  lossStatus,
  moveBetween,
} from '../../counter-moves.ts'
import { type Fact, unknown } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import type { ProcessFacts } from '../../facts-process.ts'
import {
  type Check,
  type Finding,
  findingOf,
  STATUSES,
  type Status,
  unknownFinding,
} from '../../finding.ts'
import { labelOfProcess } from '../../process-label.ts'
import { bytesText } from '../../socket-demand.ts'

/** Heuristic: percent of the last 10 s in which no task could go on for want of memory. */
const FULL_AVG10_MAX = 5

export const memorySwap: Check = {
  id: 'memory/swap',
  title: 'Swapping',
  family: 'memory',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'mm/vmscan.c, Documentation/accounting/psi.rst, proc_pid_status(5) VmSwap',
  why:
    'A garbage collection walks the whole heap: one swapped page per object turns a pause of 50 ' +
    'ms into seconds, in which accept queues overflow and heartbeats are missed.',
  explain: `VmSwap of /proc/PID/status says how much of a process lies in swap; pswpin of
/proc/vmstat counts pages that had to be read back. Swapped and never touched is harmless for a
while; swapped and read back is a pause each time. /proc/pressure/memory ("full") says in which
share of the time nobody could go on.

Give the service memory of its own: MemorySwapMax=0 in its unit keeps it out of swap, MemoryLow=
protects it from its neighbours. Size the host by the check memory/per-conn: connections are
kernel memory that cannot be swapped, so they push programs out.

Do not only lower vm.swappiness: it shifts the balance, it does not make memory. Without any swap
the kernel kills a process instead (process/oom).`,
  evaluate: evaluateSwap,
}

function evaluateSwap(facts: Facts): Finding[] {
  const swapIns = swapInMove(facts)
  return [
    judgeHost(facts, swapIns),
    ...facts.processes.map((process) => judgeProcess(facts, process, swapIns)),
  ]
}

function swapInMove(facts: Facts): Fact<CounterMove> {
  const { vmstat: now } = facts.after
  const { vmstat: then } = facts.before
  if (!now.known) return now
  const pages = now.value.pswpin
  if (pages === undefined) return unknown('names no pswpin', now.source)
  const earlier = then.known ? (then.value.pswpin ?? pages) : pages
  return moveBetween(facts, 'pswpin', earlier, pages, now.source)
}

function judgeHost(facts: Facts, swapIns: Fact<CounterMove>): Finding {
  const { meminfo, memoryPressure } = facts.after
  if (!meminfo.known) return unknownFinding(memorySwap, meminfo)
  const { SwapTotal: total, SwapFree: free } = meminfo.value
  if (total === undefined || free === undefined) {
    return unknownFinding(memorySwap, unknown('names no SwapTotal', meminfo.source))
  }
  const used = total - free
  const evidence = [`${meminfo.source}: swap ${bytesText(used)} used of ${bytesText(total)}`]
  if (swapIns.known) evidence.push(`${swapIns.source}: ${describeMove(swapIns.value, facts)}`)
  const full = memoryPressure.known ? memoryPressure.value.fullAvg10 : null
  if (full !== null) evidence.push(`${memoryPressure.source}: full avg10 ${full} %`)
  const isPressed = full !== null && full > FULL_AVG10_MAX
  const statuses: Status[] = [
    isPressed ? 'warn' : 'ok',
    used > 0 ? 'info' : 'ok',
    used > 0 && swapIns.known ? lossStatus(swapIns.value, 'warn') : 'ok',
  ]
  const status = STATUSES.find((candidate) => statuses.includes(candidate)) ?? 'ok'
  if (status === 'ok' && total > 0 && !swapIns.known) return unknownFinding(memorySwap, swapIns)
  return findingOf(memorySwap, {
    status,
    observed:
      hostText(used, total, isPressed ? full : null) +
      (used > 0 && isReadingBack(swapIns) ? READING_BACK : ''),
    needed: `no pages read back from swap; memory pressure (full avg10) ≤ ${FULL_AVG10_MAX} %`,
    evidence,
  })
}

function hostText(used: number, total: number, pressedPercent: number | null): string {
  const swap =
    total === 0 ? 'the host has no swap' : `${bytesText(used)} of ${bytesText(total)} swap in use`
  return pressedPercent === null
    ? swap
    : `every task waited for memory in ${pressedPercent} % of the last 10 s; ${swap}`
}

const READING_BACK = ', and pages are being read back now'

function isReadingBack(swapIns: Fact<CounterMove>): boolean {
  return swapIns.known && swapIns.value.basis === 'window' && swapIns.value.delta > 0
}

function judgeProcess(facts: Facts, process: ProcessFacts, swapIns: Fact<CounterMove>): Finding {
  const subject = labelOfProcess(process)
  const swapped =
    facts.after.processes[process.pid]?.swapBytes ??
    unknown('the process ended meanwhile', `/proc/${process.pid}`)
  if (!swapped.known) return unknownFinding(memorySwap, swapped, subject)
  const evidence = [`${swapped.source}: VmSwap ${counted(swapped.value, 'byte')}`]
  if (swapped.value === 0) {
    return findingOf(memorySwap, { subject, status: 'ok', observed: 'nothing in swap', evidence })
  }
  if (swapIns.known) evidence.push(`${swapIns.source}: ${describeMove(swapIns.value, facts)}`)
  const isReading = isReadingBack(swapIns)
  const unit = process.unit.known ? process.unit.value.name : 'UNIT'
  return findingOf(memorySwap, {
    subject,
    status: isReading ? 'critical' : 'warn',
    observed:
      `${bytesText(swapped.value)} of the process is in swap` + (isReading ? READING_BACK : ''),
    needed: 'nothing of it in swap',
    evidence,
    fixForGood: `${unit}.d/90-pushctl.conf: MemorySwapMax=0, on a host with memory for the target`,
  })
}
