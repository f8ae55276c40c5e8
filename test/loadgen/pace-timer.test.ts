import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { DEFAULT_ENGINE_OPTIONS, type SocketEngine } from '../../src/engine/socket-engine.ts'
import { AT_ONCE, PaceTimer } from '../../src/loadgen/pace-timer.ts'
import { nowUs } from '../../src/stats/clock.ts'

const SILENT = {
  onAccept() {},
  onConnect() {},
  onReceive() {},
  onOverflow() {},
  onClose() {},
}

/** Events at 0, gap, 2 gaps, …; resolves to the clock at each call and what was done by then. */
async function paced(
  eventsPerSecond: number,
  gapUs: number,
  total: number,
  engine: SocketEngine | null,
) {
  const calls: { nowUs: number; done: number }[] = []
  const startUs = nowUs()
  let done = 0
  await new Promise<void>((resolve) => {
    const timer = new PaceTimer(
      eventsPerSecond,
      (now) => {
        while (done < total && startUs + done * gapUs <= now) done += 1
        calls.push({ nowUs: now, done })
        if (done < total) return startUs + done * gapUs
        resolve()
        return Number.POSITIVE_INFINITY
      },
      engine,
    )
    timer.start()
  })
  return { startUs, calls }
}

const timers = EpollEngine.isAvailable() ? ['the loop', 'an alarm'] : ['the loop']

describe.each(timers)('the timer of a schedule, by %s', (kind) => {
  let engine: SocketEngine | null = null
  beforeEach(() => {
    const options = { ...DEFAULT_ENGINE_OPTIONS, capacity: 1 }
    engine = kind === 'an alarm' ? new EpollEngine(options, SILENT) : null
  })
  afterEach(() => engine?.destroy())

  it.each([
    ['waits actively', 200, 5_000, 6],
    ['sleeps', 2_000, 500, 40],
    ['goes out in ticks', 5_000, 200, 100],
    ['takes what is overdue at once', 1e6, 1, 5_000],
  ])('%s, and asks until all is done', async (_, eventsPerSecond, gapUs, total) => {
    const { startUs, calls } = await paced(eventsPerSecond, gapUs, total, engine)
    expect(calls.at(-1)?.done).toBe(total)
    expect(calls.at(-1)?.nowUs).toBeGreaterThanOrEqual(startUs + (total - 1) * gapUs)
  })

  it('gives sockets and timers a turn, even where all is always overdue', async () => {
    let calls = 0
    const timer = new PaceTimer(
      100,
      () => {
        calls += 1
        return AT_ONCE
      },
      engine,
    )
    timer.start()
    await new Promise((resolve) => setTimeout(resolve, 1))
    timer.stop()
    const callsAtStop = calls
    expect(callsAtStop).toBeGreaterThan(1)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(calls).toBe(callsAtStop)
  })

  it('goes on at once where it is told to, at any rate', async () => {
    let calls = 0
    await new Promise<void>((resolve) => {
      const timer = new PaceTimer(
        1e6,
        () => {
          calls += 1
          if (calls < 100) return AT_ONCE
          resolve()
          return Number.POSITIVE_INFINITY
        },
        engine,
      )
      timer.start()
    })
    expect(calls).toBe(100)
  })

  it.each([100, 10_000])('stops from inside, at %d/s', async (eventsPerSecond) => {
    let calls = 0
    const timer = new PaceTimer(
      eventsPerSecond,
      (now) => {
        calls += 1
        if (calls === 3) timer.stop()
        return now + 10
      },
      engine,
    )
    timer.start()
    await expect.poll(() => calls).toBe(3)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(calls).toBe(3)
  })
})
