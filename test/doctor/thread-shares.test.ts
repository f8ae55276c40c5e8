import { describe, expect, it } from 'vitest'
import { known } from '../../src/doctor/fact.ts'
import type { ThreadStat } from '../../src/doctor/parsers/thread-stat.ts'
import { threadShares } from '../../src/doctor/thread-shares.ts'
import { factsWith, processSampleWith, processWith } from './facts-builder.ts'

const PROCESS = processWith()

/** Up for 1,000 seconds at the second sample, the window is five. */
function factsOf(before: readonly ThreadStat[], after: readonly ThreadStat[]) {
  const sample = (threads: readonly ThreadStat[]) => ({
    uptimeSeconds: known(1_000, '/proc/uptime'),
    processes: { [PROCESS.pid]: processSampleWith({ threads: known(threads, '/proc/1/task') }) },
  })
  return factsWith({ before: sample(before), after: sample(after) })
}

function thread(tid: number, cpuTicks: number, startTicks = 0): ThreadStat {
  return { tid, name: `t${tid}`, cpuTicks, lastCpu: 0, startTicks }
}

describe('shares of threads', () => {
  it('are of one CPU within the window, the busiest first', () => {
    const facts = factsOf([thread(1, 100), thread(2, 100)], [thread(1, 150), thread(2, 600)])
    expect(threadShares(facts, PROCESS)).toMatchObject({
      value: [
        { tid: 2, share: 1 },
        { tid: 1, share: 0.1 },
      ],
    })
  })

  it('count all the time of a thread that began in the window', () => {
    const facts = factsOf([thread(1, 0)], [thread(1, 0), thread(2, 250, 99_700)])
    expect(threadShares(facts, PROCESS)).toMatchObject({ value: [{ tid: 2, share: 0.5 }, {}] })
  })

  it('leave out an old thread that the first sample missed', () => {
    const facts = factsOf([thread(1, 0)], [thread(1, 5), thread(2, 90_000, 10)])
    const shares = threadShares(facts, PROCESS)
    expect(shares.known && shares.value.map(({ tid }) => tid)).toEqual([1])
    expect(threadShares(factsOf([], [thread(2, 90_000, 10)]), PROCESS).known).toBe(false)
  })
})
