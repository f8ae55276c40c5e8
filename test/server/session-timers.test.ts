import { describe, expect, it } from 'vitest'
import { TimerWheel } from '../../src/engine/timer-wheel.ts'
import { CARRIER, SESSION_PHASE, SessionTable } from '../../src/server/session-table.ts'
import { SessionTimers, TICK_MS } from '../../src/server/session-timers.ts'

function setUp() {
  const sessions = new SessionTable(4)
  const wheel = new TimerWheel(4)
  const expired: string[] = []
  const timers = new SessionTimers(sessions, wheel, 2_000, (slot, code) => {
    expired.push(`${slot} ${code} at ${wheel.nowTick * TICK_MS}`)
    sessions.end(slot)
  })
  let nowMs = 0
  /** As the interval timer of the shard does. */
  const runUntil = (ms: number) => {
    while (nowMs < ms) timers.advance((nowMs += TICK_MS))
  }
  const begin = (slot: number) => {
    sessions.begin(slot, SESSION_PHASE.AWAITING_HELLO, CARRIER.TCP, wheel.nowTick)
    timers.startHandshake(slot)
  }
  const join = (slot: number, heartbeatSeconds: number) => {
    begin(slot)
    sessions.setDevice(slot, Buffer.from('a'), 0, 1)
    sessions.heartbeatSeconds[slot] = heartbeatSeconds
    sessions.setJoined(slot, 1, wheel.nowTick)
    timers.startHeartbeat(slot)
  }
  const see = (slot: number) => {
    sessions.lastSeenTicks[slot] = wheel.nowTick
  }
  const stall = (ms: number) => timers.advance((nowMs += ms))
  return { sessions, wheel, expired, timers, runUntil, begin, join, see, stall }
}

describe('the timers of sessions', () => {
  it('end a handshake that takes too long', () => {
    const { expired, runUntil, begin } = setUp()
    begin(1)
    runUntil(2_000)
    expect(expired).toEqual([])
    runUntil(3_000)
    expect(expired).toEqual(['1 4201 at 2500'])
  })

  it('do not count the time in which the node itself decides', () => {
    const { expired, sessions, runUntil, begin } = setUp()
    begin(1)
    sessions.setDevice(1, Buffer.from('a'), 0, 1)
    runUntil(60_000)
    expect(expired).toEqual([])
  })

  it('end a device that is silent for more than one and a half times its grant', () => {
    const { expired, runUntil, join } = setUp()
    join(1, 10)
    runUntil(15_000)
    expect(expired).toEqual([])
    runUntil(20_000)
    expect(expired).toEqual(['1 4200 at 15500'])
  })

  it('count from the last byte, without touching the wheel for each', () => {
    const { expired, runUntil, join, see } = setUp()
    join(1, 10)
    for (let ms = 12_000; ms <= 60_000; ms += 12_000) {
      runUntil(ms)
      see(1)
    }
    expect(expired).toEqual([])
    runUntil(90_000)
    expect(expired).toEqual(['1 4200 at 75500'])
  })

  it('do not take time in which the node stood still for silence of its devices', () => {
    const { expired, runUntil, join, begin, see, stall } = setUp()
    join(1, 10)
    begin(2)
    runUntil(500)
    stall(60_000)
    expect(expired).toEqual([])
    see(1)
    runUntil(90_000)
    expect(expired.map((line) => line.slice(0, 6))).toEqual(['2 4201', '1 4200'])
  })
})
