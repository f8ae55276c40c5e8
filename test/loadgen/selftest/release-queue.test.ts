import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReleaseQueue } from '../../../src/loadgen/selftest/release-queue.ts'

const PAYLOAD_BYTES = 4

function add(queue: ReleaseQueue, deadlineUs: number, record: number): void {
  const bytes = new Uint8Array(PAYLOAD_BYTES + 3)
  new DataView(bytes.buffer).setUint32(3, record)
  queue.add(deadlineUs, record % 7, record, bytes, 3)
}

function take(queue: ReleaseQueue) {
  const deadlineUs = queue.nextUs
  const row = queue.take()
  const view = new DataView(queue.payloads.buffer)
  expect(view.getUint32(queue.payloadStart(row))).toBe(queue.recordOf(row))
  expect(queue.slotOf(row)).toBe(queue.recordOf(row) % 7)
  return { deadlineUs, record: queue.recordOf(row) }
}

describe('the queue of answers', () => {
  it('gives the earliest deadline of those that wait, with what was stored for it', () => {
    const step = fc.oneof(fc.record({ add: fc.nat(50) }), fc.constant('take' as const))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new ReleaseQueue(PAYLOAD_BYTES)
        const waiting = new Map<number, number>()
        steps.forEach((each, record) => {
          if (each !== 'take') {
            add(queue, each.add, record)
            waiting.set(record, each.add)
          } else if (waiting.size > 0) {
            const { deadlineUs, record: taken } = take(queue)
            expect(deadlineUs).toBe(Math.min(...waiting.values()))
            expect(waiting.get(taken)).toBe(deadlineUs)
            waiting.delete(taken)
          }
          expect(queue.count).toBe(waiting.size)
        })
      }),
    )
  })

  it('grows past what it has room for at first', () => {
    const queue = new ReleaseQueue(PAYLOAD_BYTES)
    const count = 3_000
    for (let record = 0; record < count; record++) add(queue, count - record, record)
    const taken = Array.from({ length: count }, () => take(queue).record)
    expect(taken).toEqual(Array.from({ length: count }, (_, index) => count - 1 - index))
  })

  it('has no next deadline when it is empty', () => {
    expect(new ReleaseQueue(PAYLOAD_BYTES).nextUs).toBe(Number.POSITIVE_INFINITY)
  })
})
