import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type BatchLimits,
  type WebhookBatch,
  WebhookBatches,
} from '../../../src/server/upstream/webhook-batches.ts'

const LIMITS: BatchLimits = {
  eventsPerBatchMax: 4,
  bytesPerBatchMax: 200,
  queuedEventsMax: 10,
  queuedBytesMax: 2_000,
}

const make = (limits: Partial<BatchLimits> = {}) =>
  new WebhookBatches('node-1', 'boot', { ...LIMITS, ...limits })

const send = (n: number) => JSON.stringify({ n })
const read = (batch: WebhookBatch) => JSON.parse(batch.body.toString())

it('keeps the order, cuts batches at their size, and names each once', () => {
  const batches = make()
  for (let n = 0; n < 9; n++) expect(batches.offerSend(send(n))).toBe(true)
  const taken: WebhookBatch[] = []
  for (let next = batches.next(); next; next = batches.next()) taken.push(next)
  expect(taken.map((batch) => batch.eventCount)).toEqual([4, 4, 1])
  expect(taken.map((batch) => batch.id)).toEqual(['boot-1', 'boot-2', 'boot-3'])
  const order = taken.flatMap((batch) => read(batch).sends.map((each: { n: number }) => each.n))
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  expect(read(taken[0]!)).toEqual({
    node: 'node-1',
    delivery: 'boot-1',
    sends: [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }],
    devices: [],
  })
  expect(batches.queuedEvents).toBe(9)
  for (const batch of taken) batches.done(batch)
  expect([batches.queuedEvents, batches.queuedBytes, batches.isEmpty]).toEqual([0, 0, true])
})

it('refuses above its count and above its bytes, until something is delivered', () => {
  const byCount = make()
  for (let n = 0; n < 10; n++) expect(byCount.offerSend(send(n))).toBe(true)
  expect(byCount.offerSend(send(10))).toBe(false)
  byCount.done(byCount.next()!)
  expect(byCount.offerSend(send(11))).toBe(true)
  const byBytes = make({ queuedBytesMax: 100 })
  expect(byBytes.offerSend('x'.repeat(90))).toBe(true)
  expect(byBytes.offerSend('x'.repeat(20))).toBe(false)
})

it('leaves one entry for a device that comes and goes, its last state', () => {
  const batches = make({ queuedEventsMax: 2 })
  const state = (device: string, type: string) => JSON.stringify({ type, device })
  expect(batches.offerState('a', state('a', 'online'))).toBe(true)
  expect(batches.offerState('b', state('b', 'online'))).toBe(true)
  expect(batches.offerState('c', state('c', 'online'))).toBe(false)
  // Also where the queue is full: what it holds would be wrong.
  expect(batches.offerState('a', state('a', 'offline'))).toBe(true)
  const batch = batches.next()!
  expect(read(batch).devices).toEqual([
    { type: 'online', device: 'b' },
    { type: 'offline', device: 'a' },
  ])
  batches.done(batch)
  expect([batches.queuedEvents, batches.queuedBytes]).toEqual([0, 0])
})

it('holds its bounds and its sums whatever comes', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('send'), bytes: fc.integer({ min: 2, max: 90 }) }),
    fc.record({ kind: fc.constant('state'), bytes: fc.integer({ min: 2, max: 90 }) }),
    fc.record({ kind: fc.constant('next'), bytes: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const batches = make()
      let offered = 0
      let taken = 0
      for (const { kind, bytes } of steps) {
        if (kind === 'send' && batches.offerSend(`"${'s'.repeat(bytes - 2)}"`)) offered++
        if (kind === 'state') batches.offerState(`d${bytes % 7}`, `"${'d'.repeat(bytes - 2)}"`)
        const next = kind === 'next' ? batches.next() : undefined
        if (next) {
          taken += read(next).sends.length
          batches.done(next)
        }
        expect(batches.queuedEvents).toBeLessThanOrEqual(LIMITS.queuedEventsMax)
      }
      for (let next = batches.next(); next; next = batches.next()) {
        taken += read(next).sends.length
        batches.done(next)
      }
      expect(taken).toBe(offered)
      expect([batches.queuedEvents, batches.queuedBytes]).toEqual([0, 0])
    }),
  )
})
