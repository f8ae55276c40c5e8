import { describe, expect, it } from 'vitest'
import { ENTRIES_MAX, Outbox } from '../../src/engine/outbox.ts'

function entries(outbox: Outbox) {
  return Array.from({ length: outbox.count }, (_, i) => [
    outbox.slots[i],
    outbox.starts[i],
    outbox.ends[i],
  ])
}

describe('the outbox', () => {
  it('makes one entry of answers to one slot that follow each other without a gap', () => {
    const outbox = new Outbox()
    outbox.add(4, 0, 10)
    outbox.add(4, 10, 25)
    outbox.add(9, 25, 30)
    outbox.add(4, 30, 31)
    outbox.add(4, 33, 40)
    expect(entries(outbox)).toEqual([
      [4, 0, 25],
      [9, 25, 30],
      [4, 30, 31],
      [4, 33, 40],
    ])
    expect([outbox.committedBytes, outbox.freeAt]).toEqual([10 + 15 + 5 + 1 + 7, 40])
  })

  it('leaves a gap where less was used than was reserved', () => {
    const outbox = new Outbox()
    const first = outbox.freeAt
    outbox.add(1, first + 4, first + 10)
    outbox.add(1, outbox.freeAt + 2, outbox.freeAt + 5)
    expect(entries(outbox)).toEqual([
      [1, 4, 10],
      [1, 12, 15],
    ])
  })

  it('is full when its bytes or its entries are', () => {
    const outbox = new Outbox()
    const { length } = outbox.bytes
    expect([outbox.hasRoom(length), outbox.hasRoom(length + 1)]).toEqual([true, false])
    for (let i = 0; i < ENTRIES_MAX - 1; i++) outbox.add(i, i, i + 1)
    expect(outbox.hasRoom(1)).toBe(true)
    outbox.add(ENTRIES_MAX, ENTRIES_MAX, ENTRIES_MAX + 1)
    expect(outbox.hasRoom(0)).toBe(false)
    outbox.clear()
    expect([outbox.hasRoom(length), outbox.count, outbox.committedBytes]).toEqual([true, 0, 0])
  })
})
