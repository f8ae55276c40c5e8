import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesPerConnection, memoryPoints } from '../../src/loadgen/memory-slope.ts'

describe('bytes per connection', () => {
  it('is the slope, whatever was there before', () => {
    fc.assert(
      fc.property(fc.nat(500_000_000), fc.integer({ min: 1, max: 10_000 }), (base, each) => {
        const samples = [0, 500, 1_000, 5_000].map((connections) => ({
          connections,
          bytes: base + connections * each,
        }))
        expect(bytesPerConnection(samples)).toBe(each)
      }),
    )
  })

  it('is unknown with too few connections or samples', () => {
    const few = [0, 100, 200].map((connections) => ({ connections, bytes: 1e6 }))
    expect(bytesPerConnection(few)).toBeNull()
    expect(bytesPerConnection([{ connections: 9_000, bytes: 1e6 }])).toBeNull()
    expect(bytesPerConnection([])).toBeNull()
  })

  it('is unknown where memory went down', () => {
    const falling = [0, 4_000, 8_000].map((connections) => ({
      connections,
      bytes: 1e9 - connections,
    }))
    expect(bytesPerConnection(falling)).toBeNull()
  })
})

describe('points of the memory picture', () => {
  it('are at most 120, with the last sample among them', () => {
    const samples = Array.from({ length: 1_001 }, (_, index) => ({ connections: index, bytes: 5 }))
    const points = memoryPoints(samples)
    expect(points.length).toBeLessThanOrEqual(120)
    expect(points.at(-1)).toEqual([1_000, 5])
    expect(memoryPoints(samples.slice(0, 2))).toEqual([
      [0, 5],
      [1, 5],
    ])
    expect(memoryPoints([])).toEqual([])
  })
})
