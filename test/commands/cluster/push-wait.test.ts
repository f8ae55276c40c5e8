import { expect, it } from 'vitest'
import type { ClusterWork } from '../../../src/commands/cluster/cluster-work.ts'
import type { PushProgress } from '../../../src/commands/cluster/push-any.ts'
import {
  hasReachedAll,
  isServed,
  progressText,
  untilServed,
} from '../../../src/commands/cluster/push-wait.ts'

const NONE = { online: 0, stored: 0, sent: 0, acked: 0, expired: 0, trimmed: 0 }
const push = (more: Partial<PushProgress>): PushProgress => ({ ...NONE, ...more })
const broadcast = (more: Partial<PushProgress>): PushProgress => ({
  ...{ ...NONE, stored: 1, state: 'running' },
  ...more,
})
const WORK = {
  source: { read: async () => [], close: async () => {} },
  access: { adminToken: null, signal: new AbortController().signal },
  lookMs: 1,
  note: () => {},
} satisfies ClusterWork

it.each([
  [push({ stored: 2, acked: 1 }), false, false],
  [push({ stored: 2, acked: 1, expired: 1 }), true, false],
  [push({ stored: 2, acked: 2 }), true, true],
  [broadcast({ online: 3, sent: 2 }), false, false],
  [broadcast({ online: 3, sent: 3 }), true, true],
  [broadcast({ online: 3, sent: 2, state: 'cancelled' }), true, false],
  [broadcast({ online: 3, sent: 2, state: 'paused' }), false, false],
])('%j: over %j, reached all %j', (progress, served, reached) => {
  expect([isServed(progress), hasReachedAll(progress)]).toEqual([served, reached])
})

it('says how far it is', () => {
  const texts = [
    progressText(push({ stored: 2, acked: 1, expired: 1 })),
    progressText(broadcast({ online: 3_000, sent: 2_000, acked: 9, state: 'paused' })),
  ]
  expect(texts).toEqual([
    'acked by 1 of 2, 1 expired, 0 trimmed',
    'paused: sent to 2,000 of 3,000 devices, acked by 9',
  ])
})

it('waits while something happens, also before any node knows of it', async () => {
  const steps = [null, broadcast({ online: 2, sent: 1 }), broadcast({ online: 2, sent: 2 })]
  const served = await untilServed(WORK, async () => steps.shift()!)
  expect([served?.sent, steps.length]).toEqual([2, 0])
})

it('gives up where nothing happens any more, with what there is', async () => {
  const stuck = broadcast({ online: 2, sent: 1 })
  expect(await untilServed(WORK, async () => stuck, 5)).toEqual(stuck)
  expect(await untilServed(WORK, async () => null, 5)).toBe(null)
})
