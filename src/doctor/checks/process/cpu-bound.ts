/**
 * Threads that take a whole CPU: for a program with one event loop that is the end of its capacity.
 */
import { counted, percent } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import type { ProcessFacts } from '../../facts-process.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { labelOfProcess, noProcessNamed } from '../../process-label.ts'
import { worstOf } from '../../status-order.ts'
import { threadShares } from '../../thread-shares.ts'

const THREAD_SHARE_MAX = 0.9
/** Percent of time in which some task waited for a CPU. */
const PRESSURE_AVG10 = 30
const THREADS_SHOWN = 4

export const processCpuBound: Check = {
  id: 'process/cpu-bound',
  title: 'Threads that use a whole CPU',
  family: 'process',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'proc_pid_stat(5), Documentation/accounting/psi.rst',
  why:
    'An event loop is one thread: at 100 % of a CPU it accepts, reads and answers heartbeats ' +
    'only as fast as it can, whatever the host has left. Queues fill before anything else shows ' +
    'it.',
  explain: `CPU time of each thread, from two samples of /proc/PID/task/*/stat. A thread at 90 % or
more is saturated: accept rate, heartbeats and latency are bounded by it, and listen/overflow or
listen/queue-now follow.

What the thread is decides the remedy: the main thread of Node (name "node" or MainThread) wants
more shards or processes; many threads "V8Worker" or "GC" busy mean garbage collection, so give the
process memory or make it allocate less.

Do not judge by the average of the host: one saturated thread on 32 CPUs is 3 %. PSI (cpu "some")
tells whether threads also wait for CPUs that others use.

Next step: perf top -p PID, or node --cpu-prof.`,
  evaluate: (facts) =>
    facts.processes.length === 0
      ? unknownFinding(processCpuBound, noProcessNamed)
      : facts.processes.map((process) => judge(facts, process)),
}

function judge(facts: Facts, process: ProcessFacts): Finding {
  const subject = labelOfProcess(process)
  const threads = threadShares(facts, process)
  if (!threads.known) return unknownFinding(processCpuBound, threads, subject)
  const { cpuPressure } = facts.after
  const waiting = cpuPressure.known ? cpuPressure.value.someAvg10 : 0
  const [busiest] = threads.value
  const full = threads.value.filter(({ share }) => share >= THREAD_SHARE_MAX)
  const isWaiting = waiting >= PRESSURE_AVG10
  const status: Status = worstOf(full.length > 0 ? 'warn' : 'ok', isWaiting ? 'info' : 'ok')
  const since = facts.sampling === 'single' ? ' since it began' : ''
  return findingOf(processCpuBound, {
    subject,
    status,
    observed:
      full.length > 0
        ? `${full.length} of ${counted(threads.value.length, 'thread')} full: ` +
          full
            .slice(0, THREADS_SHOWN)
            .map(({ name, tid, share }) => `${name} (${tid}) ${percent(share)}${since}`)
            .join(', ')
        : `busiest thread ${busiest?.name ?? ''} at ${percent(busiest?.share ?? 0)}${since}` +
          (isWaiting ? `; tasks wait for a CPU ${waiting} % of the time` : ''),
    needed: `each thread under ${percent(THREAD_SHARE_MAX)} of a CPU`,
    evidence: [
      ...threads.value
        .slice(0, THREADS_SHOWN)
        .map(
          ({ tid, name, share, lastCpu }) =>
            `${threads.source}/${tid}: ${name} ${percent(share)}, last on CPU ${lastCpu}`,
        ),
      cpuPressure.known
        ? `${cpuPressure.source}: some avg10 ${waiting}`
        : `${cpuPressure.source}: unknown, ${cpuPressure.reason}`,
    ],
    ...(full.length > 0
      ? {
          fixNow: 'move connections to other nodes, or lower the rate',
          fixForGood: 'more shards or processes (one event loop a core); profile the full thread',
        }
      : {}),
  })
}
