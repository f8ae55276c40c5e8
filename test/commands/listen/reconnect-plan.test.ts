import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SessionEnd } from '../../../src/commands/listen/device-session.ts'
import {
  planReconnect,
  printable,
  type ReconnectHistory,
} from '../../../src/commands/listen/reconnect-plan.ts'

const END: SessionEnd = {
  cause: 'closed',
  wasWelcomed: true,
  code: 0,
  detail: 'connection end',
  retryAfterMs: 0,
  addresses: [],
}
const HISTORY: ReconnectHistory = {
  wasEverWelcomed: true,
  shortInRow: 0,
  random: 0.5,
  url: 'tcp://127.0.0.1:7000',
}

function planOf(end: Partial<SessionEnd>, history: Partial<ReconnectHistory> = {}) {
  return planReconnect({ ...END, ...end }, { ...HISTORY, ...history })
}

function delayOf(end: Partial<SessionEnd>, history: Partial<ReconnectHistory> = {}): number {
  const plan = planOf(end, history)
  if (plan.kind === 'give-up') throw plan.error
  return plan.delayMs
}

const bye = (code: number, more: Partial<SessionEnd> = {}): Partial<SessionEnd> => ({
  cause: 'bye',
  code,
  detail: 'because',
  ...more,
})

describe('after a BYE', () => {
  it('of the 40xx a device stops and says why', () => {
    for (const code of [4000, 4001, 4002, 4003, 4004, 4005, 4099]) {
      const plan = planOf(bye(code))
      expect(plan).toMatchObject({ kind: 'give-up', error: { code: 'PUSHCTL_TARGET_REFUSED' } })
    }
    const plan = planOf(bye(4003, { detail: 'unauthorized' }))
    expect(plan.kind === 'give-up' && [plan.error.message, plan.error.exitCode]).toEqual([
      'tcp://127.0.0.1:7000 sent the device away for good: 4003 unauthorized',
      4,
    ])
  })

  it('of the 41xx a device waits as long as it was told, and up to as long again', () => {
    expect(delayOf(bye(4100, { retryAfterMs: 2_000 }), { random: 0 })).toBe(2_000)
    expect(delayOf(bye(4199, { retryAfterMs: 2_000 }), { random: 0.999 })).toBe(3_998)
    expect(delayOf(bye(4102))).toBeGreaterThan(0)
  })

  it('of the 42xx a device is back at once, but does not spin', () => {
    expect(delayOf(bye(4200))).toBe(0)
    expect(delayOf(bye(4202), { shortInRow: 1 })).toBeGreaterThan(0)
  })

  it('of the 43xx a device goes to the addresses, best first', () => {
    const addresses = ['10.0.0.1:1', '10.0.0.2:1']
    expect(planOf(bye(4300, { addresses }))).toEqual({ kind: 'again', delayMs: 0, addresses })
    expect(delayOf(bye(4300))).toBeGreaterThan(0)
  })

  it('of a code that it does not know it backs off', () => {
    expect(delayOf(bye(4999))).toBeGreaterThan(0)
    expect(delayOf(bye(4400))).toBeGreaterThan(0)
  })
})

describe('without a BYE', () => {
  it('a device backs off longer each time, within bounds, never twice the same', () => {
    const delays = fc.record({
      shortInRow: fc.nat(1_000),
      random: fc.double({ min: 0, max: 0.99, noNaN: true }),
    })
    fc.assert(
      fc.property(delays, (history) => {
        const delayMs = delayOf({}, history)
        expect(delayMs).toBeGreaterThanOrEqual(250)
        expect(delayMs).toBeLessThanOrEqual(60_000)
      }),
    )
    expect(delayOf({}, { shortInRow: 3 })).toBe(delayOf({}) * 8)
    expect(delayOf({}, { random: 0.1 })).not.toBe(delayOf({}, { random: 0.2 }))
  })

  it('a device that never got in gives up with the reason', () => {
    const never = { wasEverWelcomed: false }
    expect(planOf({ cause: 'unreachable', detail: 'ECONNREFUSED' }, never)).toMatchObject({
      error: {
        code: 'PUSHCTL_TARGET_UNREACHABLE',
        message: 'a node must be reachable at tcp://127.0.0.1:7000, got ECONNREFUSED',
      },
    })
    for (const cause of ['refused', 'closed', 'silence'] as const) {
      expect(planOf({ cause }, never)).toMatchObject({ error: { code: 'PUSHCTL_TARGET_PROTOCOL' } })
    }
  })

  it('a device keeps trying once it was in, but not where the protocol is broken', () => {
    for (const cause of ['unreachable', 'refused', 'closed', 'silence'] as const) {
      expect(planOf({ cause }).kind).toBe('again')
    }
    expect(planOf({ cause: 'fault', detail: 'bad-varint' })).toMatchObject({
      error: {
        message: 'tcp://127.0.0.1:7000 must speak the push protocol, got bad-varint',
      },
    })
  })
})

it('what a peer says cannot steer a terminal', () => {
  expect(printable('a\u001b[2Jb\nc\td\u009b\u2028é😀')).toBe(
    'a\\u001b[2Jb\\nc\\td\\u009b\\u2028é😀',
  )
})
