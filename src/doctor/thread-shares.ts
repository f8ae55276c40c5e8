/**
 * CPU time of each thread of a process as a share of one CPU. With one sample: since the thread
 * began, which hides a recent change.
 */
import { type Fact, known, unknown } from './fact.ts'
import type { Facts } from './facts.ts'
import type { ProcessFacts } from './facts-process.ts'

/** Ticks of /proc/PID/stat in a second (USER_HZ), on every architecture that Node runs on. */
export const TICKS_PER_SECOND = 100

export interface ThreadShare {
  readonly tid: number
  readonly name: string
  /** 1 is one whole CPU; sampling can give a little more. */
  readonly share: number
  readonly lastCpu: number
}

/** The busiest first. */
export function threadShares(facts: Facts, { pid }: ProcessFacts): Fact<readonly ThreadShare[]> {
  const after = facts.after.processes[pid]?.threads
  const before = facts.before.processes[pid]?.threads
  if (after === undefined || before === undefined) {
    return unknown('the process was not sampled', `/proc/${pid}/task`)
  }
  if (!after.known) return after
  if (!before.known) return before
  const { uptimeSeconds } = facts.after
  const isSingle = facts.sampling === 'single'
  if (isSingle && !uptimeSeconds.known) return uptimeSeconds
  const nowTicks = uptimeSeconds.known ? uptimeSeconds.value * TICKS_PER_SECOND : 0
  const windowTicks = (facts.windowMs / 1_000) * TICKS_PER_SECOND
  const earlierByTid = new Map(before.value.map((thread) => [thread.tid, thread]))
  const rows = after.value.flatMap(({ tid, name, cpuTicks, startTicks, lastCpu }) => {
    const earlier = earlierByTid.get(tid)
    // An old thread that the first sample lacks: how much of its time is new is not known.
    if (earlier === undefined && startTicks < nowTicks - windowTicks - TICKS_PER_SECOND) return []
    const spent = isSingle ? cpuTicks : cpuTicks - (earlier?.cpuTicks ?? 0)
    const passed = isSingle ? nowTicks - startTicks : windowTicks
    return [{ tid, name, lastCpu, share: passed > 0 ? Math.max(0, spent / passed) : 0 }]
  })
  if (rows.length === 0) return unknown('the two samples have no thread in common', after.source)
  return known(
    rows.sort((a, b) => b.share - a.share),
    after.source,
  )
}
