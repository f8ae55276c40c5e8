import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DrainPace } from '../../src/server/drain-pace.ts'
import { CARRIER, SESSION_PHASE, SessionTable } from '../../src/server/session-table.ts'

function setUp(devices: number) {
  const sessions = new SessionTable(1_000)
  const dismissed: string[] = []
  let doneCount = 0
  const drain = new DrainPace(
    sessions,
    (slot, code) => {
      dismissed.push(`${slot} ${code}`)
      sessions.end(slot)
    },
    () => doneCount++,
  )
  const join = (slot: number) => {
    sessions.begin(slot, SESSION_PHASE.AWAITING_HELLO, CARRIER.TCP, 0)
    sessions.setJoined(slot, 1, 0)
  }
  for (let slot = 0; slot < devices; slot++) join(slot)
  return { sessions, dismissed, drain, join, done: () => doneCount }
}

describe('the pace of a drain', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('sends all away at once where no rate is set', () => {
    const { drain, dismissed, done } = setUp(3)
    drain.start(0, 4202)
    expect([dismissed, done()]).toEqual([['0 4202', '1 4202', '2 4202'], 1])
  })

  it('sends no more away than the rate allows, and is done when all are gone', () => {
    const { drain, dismissed, done } = setUp(100)
    drain.start(40, 4300)
    vi.advanceTimersByTime(1_000)
    expect([dismissed.length, done()]).toEqual([40, 0])
    vi.advanceTimersByTime(1_450)
    expect([dismissed.length, done()]).toEqual([98, 0])
    vi.advanceTimersByTime(50)
    expect([dismissed.length, done()]).toEqual([100, 1])
    vi.advanceTimersByTime(10_000)
    expect(done()).toBe(1)
  })

  it('also meets a device that joins behind it', () => {
    const { drain, dismissed, join, done } = setUp(40)
    drain.start(20, 4300)
    vi.advanceTimersByTime(1_500)
    join(2)
    vi.advanceTimersByTime(500)
    expect([dismissed.includes('39 4300'), done()]).toEqual([true, 0])
    vi.advanceTimersByTime(50)
    expect([dismissed.at(-1), done()]).toEqual(['2 4300', 1])
  })

  it('moves as many as it is told, keeps the others, and does not say that it is done', () => {
    const { drain, dismissed, done, sessions } = setUp(100)
    drain.start(40, 4301, 30)
    vi.advanceTimersByTime(500)
    expect(dismissed).toHaveLength(20)
    vi.advanceTimersByTime(10_000)
    expect([dismissed.length, sessions.joinedCount, done()]).toEqual([30, 70, 0])
    drain.start(0, 4301, 0)
    expect(dismissed).toHaveLength(30)
    drain.start(0, 4300)
    expect([dismissed.length, done()]).toEqual([100, 1])
  })

  it('leaves who is not in yet', () => {
    const { drain, dismissed, sessions, done } = setUp(1)
    sessions.begin(5, SESSION_PHASE.AWAITING_HELLO, CARRIER.TCP, 0)
    drain.start(0, 4202)
    expect([dismissed, done()]).toEqual([['0 4202'], 1])
  })

  it('changes its rate in between, and what was due stays due', () => {
    const { drain, dismissed } = setUp(200)
    drain.start(40, 4300)
    vi.advanceTimersByTime(975)
    drain.setRate(80)
    vi.advanceTimersByTime(1_025)
    expect(dismissed).toHaveLength(39 + 82)
  })

  it('keeps who is left when it is stopped, and does not say that it is done', () => {
    const { drain, sessions, done } = setUp(100)
    drain.start(40, 4300)
    vi.advanceTimersByTime(1_000)
    drain.stop()
    vi.advanceTimersByTime(10_000)
    expect([sessions.joinedCount, done()]).toEqual([60, 0])
  })

  it('goes on at the new rate when it is asked again', () => {
    const { drain, dismissed, done } = setUp(10)
    drain.start(1, 4300)
    vi.advanceTimersByTime(2_000)
    drain.start(0, 4202)
    expect(dismissed.filter((line) => line.endsWith('4202'))).toHaveLength(8)
    expect(done()).toBe(1)
  })
})
