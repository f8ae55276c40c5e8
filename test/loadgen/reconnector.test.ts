import { describe, expect, it, vi } from 'vitest'
import { BROKEN_OFF } from '../../src/loadgen/back-off.ts'
import { Reconnector } from '../../src/loadgen/reconnector.ts'

function stage(rows: number) {
  const queued: { row: number; dueUs: number }[] = []
  let goneOn = 0
  const reopener = {
    queueAgain: (row: number, dueUs: number) => void queued.push({ row, dueUs }),
    goOn: () => void (goneOn += 1),
  }
  const reconnector = new Reconnector(rows, reopener, 3)
  const until = (count: number) =>
    vi.waitUntil(() => queued.length >= count, { timeout: 10_000, interval: 2 })
  return { reconnector, queued, until, goneOn: () => goneOn }
}

describe('a reconnector', () => {
  it('queues a replaced connection at once, with the time at which it was due', () => {
    const { reconnector, queued, goneOn } = stage(4)
    reconnector.replace(2, 1_234)
    expect(queued).toEqual([{ row: 2, dueUs: 1_234 }])
    expect(goneOn()).toBe(1)
  })

  it('queues each lost connection once, and none that was sent away for good', async () => {
    const { reconnector, queued, until } = stage(4)
    reconnector.onLost(0, 5, { code: 4003, retryAfterMs: 0 })
    reconnector.onLost(1, 5, { code: 4202, retryAfterMs: 0 })
    reconnector.onLost(2, 5, BROKEN_OFF)
    reconnector.onLost(3, 5, BROKEN_OFF)
    await until(3)
    reconnector.stop()
    expect(queued[0].row).toBe(1)
    expect(queued.map(({ row }) => row).toSorted()).toEqual([1, 2, 3])
  })

  it('measures from the loss to the welcome, over all attempts, and from the last of them', () => {
    const { reconnector } = stage(2)
    reconnector.replace(0, 1_000)
    reconnector.onAttempt(0, 1_100)
    reconnector.onFailed(0, BROKEN_OFF)
    reconnector.onAttempt(0, 5_000)
    reconnector.onWelcome(0, 6_000)
    reconnector.stop()
    const { response, service } = reconnector.reconnectTime.report()
    expect([response.count, response.max]).toEqual([1, 5_003])
    expect(service.max).toBe(1_000)
  })

  it('leaves out what was lost before the measured time, and what was never lost', () => {
    const { reconnector } = stage(2)
    reconnector.measureFromUs = 2_000
    reconnector.replace(0, 1_000)
    reconnector.onWelcome(0, 6_000)
    reconnector.onFailed(1, BROKEN_OFF)
    reconnector.onWelcome(1, 6_000)
    reconnector.stop()
    expect(reconnector.reconnectTime.response.count).toBe(0)
  })

  it('does nothing any more once it is stopped', () => {
    const { reconnector, queued } = stage(2)
    reconnector.stop()
    reconnector.replace(0, 1)
    reconnector.onLost(1, 1, { code: 4202, retryAfterMs: 0 })
    expect(queued).toEqual([])
  })
})
