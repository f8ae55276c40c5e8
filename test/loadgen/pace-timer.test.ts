import { describe, expect, it } from 'vitest'
import { PaceTimer } from '../../src/loadgen/pace-timer.ts'
import { nowUs } from '../../src/stats/clock.ts'

/** Events at 0, gap, 2 gaps, …; resolves to the clock at each call and what was done by then. */
async function paced(eventsPerSecond: number, gapUs: number, total: number) {
  const calls: { nowUs: number; done: number }[] = []
  const startUs = nowUs()
  let done = 0
  await new Promise<void>((resolve) => {
    const timer = new PaceTimer(eventsPerSecond, (now) => {
      while (done < total && startUs + done * gapUs <= now) done += 1
      calls.push({ nowUs: now, done })
      if (done < total) return startUs + done * gapUs
      resolve()
      return Number.POSITIVE_INFINITY
    })
    timer.start()
  })
  return { startUs, calls }
}

describe('the timer of a schedule', () => {
  it.each([
    ['waits actively', 200, 5_000, 6],
    ['sleeps', 2_000, 500, 40],
    ['takes what is overdue at once', 1e6, 1, 5_000],
  ])('%s, and asks until all is done', async (_, eventsPerSecond, gapUs, total) => {
    const { startUs, calls } = await paced(eventsPerSecond, gapUs, total)
    expect(calls.at(-1)?.done).toBe(total)
    expect(calls.at(-1)?.nowUs).toBeGreaterThanOrEqual(startUs + (total - 1) * gapUs)
  })

  it('gives sockets and timers a turn, even where all is always overdue', async () => {
    let calls = 0
    const timer = new PaceTimer(100, () => {
      calls += 1
      return 0
    })
    timer.start()
    await new Promise((resolve) => setTimeout(resolve, 1))
    timer.stop()
    const callsAtStop = calls
    expect(callsAtStop).toBeGreaterThan(1)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(calls).toBe(callsAtStop)
  })

  it.each([100, 10_000])('stops from inside, at %d/s', async (eventsPerSecond) => {
    let calls = 0
    const timer = new PaceTimer(eventsPerSecond, (now) => {
      calls += 1
      if (calls === 3) timer.stop()
      return now + 10
    })
    timer.start()
    await expect.poll(() => calls).toBe(3)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(calls).toBe(3)
  })
})
