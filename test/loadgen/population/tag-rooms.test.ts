import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TagChoice } from '../../../src/loadgen/population/tag-choice.ts'
import { roomSizes, tagNamesOf, TagRooms } from '../../../src/loadgen/population/tag-rooms.ts'

const someRooms = fc.record({
  count: fc.integer({ min: 1, max: 200 }),
  skew: fc.double({ min: 0, max: 2, noNaN: true }),
})
const someDevices = fc.integer({ min: 1, max: 3_000 })

describe('rooms', () => {
  it('hold every device exactly once, in the sizes that they have', () => {
    fc.assert(
      fc.property(someRooms, someDevices, (settings, devices) => {
        const rooms = new TagRooms(settings, devices)
        const members = new Uint32Array(settings.count)
        for (let device = 0; device < devices; device++) members[rooms.roomOf(device)] += 1
        members.forEach((count, room) => expect(count).toBe(rooms.sizeOf(room)))
        expect(members.filter((count) => count > 0)).toHaveLength(rooms.count)
      }),
      { numRuns: 60 },
    )
  })

  it('are as large as their rank says, descending, to one device', () => {
    fc.assert(
      fc.property(someRooms, someDevices, ({ count, skew }, devices) => {
        const sizes = [...roomSizes(count, skew, devices)]
        expect(sizes.reduce((sum, size) => sum + size)).toBe(devices)
        expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
        const weights = sizes.map((_, rank) => (rank + 1) ** -skew)
        const total = weights.reduce((sum, weight) => sum + weight)
        const largest = (weights[0] / total) * devices
        expect(Math.abs(sizes[0] - largest)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('by the classic law: the second is half of the first, the tenth a tenth', () => {
    const sizes = roomSizes(1_000, 1, 1_000_000)
    expect(sizes[0] / sizes[1]).toBeCloseTo(2, 3)
    expect(sizes[0] / sizes[9]).toBeCloseTo(10, 2)
  })

  it('have neighbours of every shard: those of one shard are in all large rooms', () => {
    const rooms = new TagRooms({ count: 10, skew: 1 }, 1_000)
    const ofShard = Array.from({ length: 250 }, (_, row) => rooms.roomOf(row * 4))
    expect(new Set(ofShard).size).toBe(10)
    const inFirst = ofShard.filter((room) => room === 0).length
    expect(Math.abs(inFirst / 250 - rooms.sizeOf(0) / 1_000)).toBeLessThan(0.05)
  })

  it('have names of one length', () => {
    expect(tagNamesOf(1, { count: 100, skew: 1 })).toEqual({
      prefix: 'bench-0000001-room-',
      digits: 2,
    })
  })
})

describe('the choice of rooms', () => {
  it('sends the share to rooms that was asked for, to each equally often', () => {
    const share = fc.double({ min: 0.05, max: 1, noNaN: true })
    fc.assert(
      fc.property(share, fc.integer({ min: 1, max: 8 }), fc.integer(), (part, rooms, seed) => {
        const choice = new TagChoice(seed, part, rooms)
        const pushes = 20_000
        const counts = new Uint32Array(rooms)
        for (let push = 0; push < pushes; push++) {
          const room = choice.next()
          if (room >= 0) counts[room] += 1
        }
        for (const count of counts) {
          const expected = part / rooms
          const spread = 6 * Math.sqrt((expected * (1 - expected)) / pushes)
          expect(Math.abs(count / pushes - expected)).toBeLessThanOrEqual(spread + 1e-9)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('is the same again from the same seed', () => {
    const sequence = (seed: number): number[] => {
      const choice = new TagChoice(seed, 0.5, 10)
      return Array.from({ length: 100 }, () => choice.next())
    }
    expect(sequence(7)).toEqual(sequence(7))
    expect(sequence(7)).not.toEqual(sequence(8))
  })
})
