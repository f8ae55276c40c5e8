import { expect, it } from 'vitest'
import { limitsOfPart } from '../../../src/loadgen/plan/port-share.ts'
import { hostWith } from './roomy-host.ts'

const ROUTES = new Map([['10.0.0.1', new Map([['10.0.0.2:7000', 101]])]])

it('has its part of the range, and of what is reserved or held of it', () => {
  const timeWait = { total: 300, reuse: 'none', routes: ROUTES } as const
  const limits = hostWith({}, { portFirst: 1_000, portLast: 1_999, portsReserved: 10, timeWait })
  expect(limitsOfPart(limits, null)).toBe(limits)
  expect(limitsOfPart(limits, [1_500, 1_999])).toEqual({
    ...limits,
    portFirst: 1_500,
    portLast: 1_999,
    portsReserved: 5,
    timeWait: {
      total: 150,
      reuse: 'none',
      routes: new Map([['10.0.0.1', new Map([['10.0.0.2:7000', 51]])]]),
    },
  })
})
