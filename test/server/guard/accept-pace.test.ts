import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AcceptPace } from '../../../src/server/guard/accept-pace.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** A listener with any number of connections waiting, which takes what its quota allows. */
class Listener {
  quota = Number.POSITIVE_INFINITY
  waiting = 0
  accepted = 0
  pace!: AcceptPace

  setAcceptQuota(count: number): void {
    this.quota = count
    this.accept()
  }

  accept(): void {
    const count = Math.min(this.waiting, this.quota)
    if (count === 0) return
    this.waiting -= count
    this.quota -= count
    this.accepted += count
    this.pace?.onAccepted(count)
  }

  come(count: number): void {
    this.waiting += count
    this.accept()
  }
}

function setUp(perSecond: number) {
  const listener = new Listener()
  listener.pace = new AcceptPace(listener, perSecond, 200, () => Date.now())
  const runFor = (ms: number) => vi.advanceTimersByTime(ms)
  return { listener, pace: listener.pace, runFor }
}

describe('the pace of accepting', () => {
  it('is no limit and no timer where no rate was asked for', () => {
    const { listener, pace } = setUp(0)
    listener.come(5_000)
    pace.onAccepted(1)
    expect([listener.accepted, vi.getTimerCount()]).toEqual([5_000, 0])
  })

  it('lets a storm in at its rate and refuses nobody', () => {
    const { listener, runFor } = setUp(1_000)
    runFor(1_000)
    listener.come(3_000)
    expect(listener.accepted).toBe(100)
    runFor(1_000)
    expect(listener.accepted).toBeGreaterThanOrEqual(1_070)
    expect(listener.accepted).toBeLessThanOrEqual(1_100)
    runFor(2_000)
    expect([listener.accepted, listener.waiting]).toEqual([3_000, 0])
  })

  it('holds no timer once the listener is at rest', () => {
    const { listener, runFor } = setUp(1_000)
    listener.come(500)
    runFor(5_000)
    expect([listener.accepted, vi.getTimerCount()]).toEqual([500, 0])
    listener.come(100)
    expect([listener.accepted, vi.getTimerCount()]).toEqual([600, 1])
  })

  it('takes rates below one a second', () => {
    const { listener, runFor } = setUp(0.5)
    listener.come(3)
    runFor(2_100)
    expect(listener.accepted).toBe(1)
    runFor(2_000)
    expect(listener.accepted).toBe(2)
  })

  it('is slower while the node is loaded, and as before when that is over', () => {
    const { listener, pace, runFor } = setUp(0)
    pace.setLoadLevel(1)
    listener.come(10_000)
    runFor(1_000)
    expect(listener.accepted).toBeGreaterThanOrEqual(190)
    expect(listener.accepted).toBeLessThanOrEqual(200)
    pace.setLoadLevel(0)
    expect([listener.accepted, vi.getTimerCount()]).toEqual([10_000, 0])
  })

  it('is a quarter of its rate while the node is loaded', () => {
    const { listener, pace, runFor } = setUp(1_000)
    pace.setLoadLevel(2)
    listener.come(10_000)
    runFor(2_000)
    expect(listener.accepted).toBeGreaterThanOrEqual(480)
    expect(listener.accepted).toBeLessThanOrEqual(525)
  })

  it('holds no timer when it is stopped', () => {
    const { listener, pace } = setUp(10)
    listener.come(100)
    pace.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
