import { describe, expect, it } from 'vitest'
import { BYE, byeReason } from '../../../src/protocol/frame-types.ts'
import { countErrors } from '../../../src/server/http/error-sources.ts'

const NO_API = { inFlight: 0, streams: 0, routes: [] }

const WANTED = new Set(['replaced', 'kicked', 'shutdown', 'drain', 'rebalance', 'wrong-node'])

describe('errors by source', () => {
  it('count every BYE but those that somebody wanted', () => {
    const reasons = Object.values(BYE).map(byeReason)
    const sumOf = (closes: Record<string, number>) =>
      Object.values(countErrors(closes, NO_API, 0)).reduce((sum, count) => sum + count, 0)
    for (const reason of reasons)
      expect([reason, sumOf({ [reason]: 3 })]).toEqual([reason, WANTED.has(reason) ? 0 : 3])
    expect(sumOf({ 'peer-end': 9, 'websocket-close': 9 })).toBe(0)
    expect(countErrors({ 'http-400': 2 }, NO_API, 0)['device']).toBe(2)
  })

  it('count what the API failed to answer, and not a /readyz that says no', () => {
    const route = (name: string, statuses: Record<string, number>) => ({
      method: 'GET',
      route: name,
      statuses,
      latency: null,
    })
    const routes = [
      route('/readyz', { 503: 7 }),
      route('/v1/push', { 202: 9, 500: 2, 503: 1, 404: 5, aborted: 4 }),
    ]
    expect(countErrors({}, { ...NO_API, routes }, 5)).toMatchObject({ api: 3, shard: 5 })
  })
})
