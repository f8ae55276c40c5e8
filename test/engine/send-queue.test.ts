import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteSlab } from '../../src/engine/byte-slab.ts'
import { ConnectionTable, PHASE, SEND_STATE } from '../../src/engine/connection-table.ts'
import { APPEND, SendQueue } from '../../src/engine/send-queue.ts'
import { OVERFLOW_GRACE_BYTES } from '../../src/engine/socket-engine.ts'

function setUp(bytesMax = 1000, slabBytesMax = 1 << 20) {
  const table = new ConnectionTable(4)
  const slab = new ByteSlab(slabBytesMax)
  const queue = new SendQueue(table, slab, bytesMax)
  const slots = [table.claimSlot(PHASE.OPEN), table.claimSlot(PHASE.OPEN)]
  const queued = (slot: number) => {
    const ref = table.queueRef[slot]!
    const at = slab.offsetOf(ref)
    const bytes = slab
      .bytesOf(ref)
      .subarray(at + table.queueStart[slot]!, at + table.queueEnd[slot]!)
    return [...bytes]
  }
  const append = (slot: number, bytes: number[], mustFit = false) =>
    queue.append(slot, Uint8Array.from(bytes), 0, bytes.length, mustFit)
  return { table, slab, queue, slots, queued, append, slot: slots[0]! }
}

describe('the send queue', () => {
  it('gives bytes back in the order in which they came, whatever is taken when', () => {
    const step = fc.oneof(
      fc.record({
        slot: fc.nat({ max: 1 }),
        append: fc.uint8Array({ minLength: 1, maxLength: 90 }),
      }),
      fc.record({ slot: fc.nat({ max: 1 }), consume: fc.nat() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { table, slab, queue, queued, append } = setUp(1 << 20)
        const model: number[][] = [[], []]
        for (const it of steps) {
          const waiting = model[it.slot]!
          if ('append' in it) {
            expect(append(it.slot, [...it.append])).toBe(APPEND.DONE)
            waiting.push(...it.append)
          } else if (waiting.length > 0) {
            const count = (it.consume % waiting.length) + 1
            waiting.splice(0, count)
            expect(queue.consume(it.slot, count)).toBe(waiting.length === 0)
          }
          const state = waiting.length > 0 ? SEND_STATE.QUEUED : SEND_STATE.CLEAR
          expect(table.sendStateOf[it.slot]).toBe(state)
          expect(table.queuedBytesOf(it.slot)).toBe(waiting.length)
          if (waiting.length > 0) expect(queued(it.slot)).toEqual(waiting)
          else expect(table.queueRef[it.slot]).toBe(0)
        }
        queue.drop(0)
        queue.drop(1)
        expect(slab.bytesUsed).toBe(0)
      }),
    )
  })

  it('refuses a whole entry above the limit and all that follows it', () => {
    const { table, slot, append, queued } = setUp(10)
    expect(append(slot, [1, 2, 3, 4, 5, 6])).toBe(APPEND.DONE)
    expect(append(slot, [7, 8, 9, 10, 11])).toBe(APPEND.OVERFLOW)
    expect(append(slot, [1])).toBe(APPEND.IGNORED)
    expect(queued(slot)).toEqual([1, 2, 3, 4, 5, 6])
    expect(table.sendStateOf[slot]).toBe(SEND_STATE.OVERFLOWED)
  })

  it('takes the rest of an entry that was sent in part above the limit too', () => {
    const { slot, append, queued } = setUp(3)
    expect(append(slot, [1, 2, 3, 4, 5], true)).toBe(APPEND.DONE)
    expect(queued(slot)).toEqual([1, 2, 3, 4, 5])
  })

  it('has room for a last word after an overflow, and for nothing more', () => {
    const { table, slot, append } = setUp(10)
    append(slot, [1, 2, 3])
    append(slot, new Array(10).fill(0))
    table.sendStateOf[slot] = SEND_STATE.LAST_WORD
    expect(append(slot, new Array(OVERFLOW_GRACE_BYTES).fill(9))).toBe(APPEND.DONE)
    expect(append(slot, new Array(8).fill(9))).toBe(APPEND.IGNORED)
    expect(table.queuedBytesOf(slot)).toBe(3 + OVERFLOW_GRACE_BYTES)
  })

  it('ignores what is meant for a slot that is given up', () => {
    const { table, slot, append } = setUp()
    table.sendStateOf[slot] = SEND_STATE.GIVEN_UP
    expect(append(slot, [1], true)).toBe(APPEND.IGNORED)
    expect(table.queuedBytesOf(slot)).toBe(0)
  })

  it('says when no buffer is left, and keeps what it has', () => {
    const { slots, append, queued } = setUp(1000, 64)
    expect(append(slots[0]!, [1, 2, 3])).toBe(APPEND.DONE)
    expect(append(slots[1]!, new Array(64).fill(0))).toBe(APPEND.NO_BUFFER)
    expect(append(slots[0]!, new Array(50).fill(0))).toBe(APPEND.NO_BUFFER)
    expect(queued(slots[0]!)).toEqual([1, 2, 3])
  })

  it('moves what is left to the front of its block instead of taking a larger one', () => {
    const { table, slab, queue, slot, append, queued } = setUp()
    append(
      slot,
      Array.from({ length: 60 }, (_, i) => i),
    )
    queue.consume(slot, 50)
    const before = table.queueRef[slot]
    append(slot, [1, 2, 3, 4, 5, 6, 7, 8])
    expect([table.queueRef[slot], slab.bytesUsed]).toEqual([before, 64])
    expect(queued(slot)).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 1, 2, 3, 4, 5, 6, 7, 8])
  })
})
