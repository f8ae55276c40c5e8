import { expect, it } from 'vitest'
import { BYE } from '../../../src/protocol/frame-types.ts'
import { retryAfterMs } from '../../../src/server/guard/retry-spread.ts'

it('asks to back off for the codes that mean it, and for no other', () => {
  const asked = Object.values(BYE).filter((code) => retryAfterMs(code, 0.5) > 0)
  expect(asked).toEqual([BYE.OVERLOADED, BYE.RATE_LIMITED, BYE.TOO_SLOW, BYE.NODE_FULL])
})

it('spreads those that a whole node refuses over half a minute', () => {
  expect([retryAfterMs(BYE.OVERLOADED, 0), retryAfterMs(BYE.OVERLOADED, 0.999)]).toEqual([
    5_000, 29_975,
  ])
  expect([retryAfterMs(BYE.RATE_LIMITED, 0), retryAfterMs(BYE.RATE_LIMITED, 0.999)]).toEqual([
    5_000, 9_995,
  ])
})
