import { expect, it } from 'vitest'
import {
  crossedBy,
  DEFAULT_THRESHOLDS,
  parseThreshold,
  type Threshold,
} from '../../../src/commands/cluster/rollout-thresholds.ts'
import { rowOf } from '../../../src/commands/top/node-row.ts'

const NOTHING = rowOf({ url: 'http://a:1', atMs: 0, figures: null, failure: 'gone' }, null)

function crossed(text: string, row: object, devicesShare = 1): string | null {
  return crossedBy({ row: { ...NOTHING, ...row }, devicesShare }, [
    parseThreshold(text) as Threshold,
  ])
}

it('says which figure crossed what, and holds what is not known', () => {
  expect(crossed('lag<250ms', { loopLagMs: 249 })).toBe(null)
  expect(crossed('lag<250ms', { loopLagMs: 250 })).toBe('lag<250ms does not hold: 250ms')
  expect(crossed('lag<250ms', { loopLagMs: null })).toBe(null)
  expect(crossed('errors < 0.5/s', { errorsPerSecond: 2 })).toBe(
    'errors<0.5/s does not hold: 2.0/s',
  )
  expect(crossed('api_p99<1s', { apiP99Ms: 1_500 })).toBe('api_p99<1s does not hold: 1500ms')
  expect(crossed('gc<10%', { gcShare: 0.2 })).toBe('gc<10% does not hold: 20.0%')
  expect(crossed('level<1', { level: 1 })).toBe('level<1 does not hold: 1')
  expect(crossed('devices>90%', {}, 0.95)).toBe(null)
  expect(crossed('devices>90%', {}, 0.5)).toBe('devices>90% does not hold: 50.0%')
})

it('takes its own defaults', () => {
  for (const text of DEFAULT_THRESHOLDS) expect(parseThreshold(text)).toMatchObject({ text })
})

it.each(['', 'lag', 'lag<', 'lag=5ms', 'lag<5', 'devices>90', 'constructor<1', 'lag<x', 'a b<1'])(
  'says what it expected instead of %j',
  (text) => {
    expect(parseThreshold(text)).toMatch(/^expected /)
  },
)
