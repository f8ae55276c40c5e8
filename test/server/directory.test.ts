import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Directory } from '../../src/server/directory.ts'

/** Few distinct low words, so that most devices meet others on their way to a row. */
const high = fc.nat({ max: 3 })
const low = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(1022, 1023, 2047, 0xffffffff, 0xfffffffe))
const place = {
  shard: fc.nat({ max: 2 }),
  slot: fc.nat({ max: 3 }),
  generation: fc.nat({ max: 2 }),
}
const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), high, low, ...place }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove' as const), high, low }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stale' as const), high, low, ...place }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('removeShard' as const), shard: place.shard }),
  },
)

type Place = readonly [shard: number, slot: number, generation: number]

function placeIn(directory: Directory): Place {
  return [directory.shard, directory.slot, directory.generation]
}

describe('the directory', () => {
  it('finds every device where a map has it', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
        const directory = new Directory()
        const model = new Map<string, Place>()
        for (const step of commands) {
          if (step.kind === 'removeShard') {
            const gone = [...model].filter(([, [shard]]) => shard === step.shard)
            for (const [key] of gone) model.delete(key)
            expect(directory.removeShard(step.shard)).toBe(gone.length)
            continue
          }
          const key = `${step.high} ${step.low}`
          const known = model.get(key)
          if (step.kind === 'put') {
            const next: Place = [step.shard, step.slot, step.generation]
            expect(directory.put(step.high, step.low, ...next)).toBe(known !== undefined)
            if (known) expect(placeIn(directory)).toEqual(known)
            model.set(key, next)
          } else if (step.kind === 'stale') {
            const meant: Place = [step.shard, step.slot, step.generation]
            const matches = known !== undefined && `${known}` === `${meant}`
            expect(directory.remove(step.high, step.low, ...meant)).toBe(matches)
            if (matches) model.delete(key)
          } else if (known) {
            expect(directory.remove(step.high, step.low, ...known)).toBe(true)
            model.delete(key)
          } else expect(directory.find(step.high, step.low)).toBe(false)
        }
        expect(directory.count).toBe(model.size)
        for (const [key, at] of model) {
          const [of, on] = key.split(' ').map(Number) as [number, number]
          expect(directory.find(of, on)).toBe(true)
          expect(placeIn(directory)).toEqual(at)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('grows, and forgets a shard, with thousands of devices in colliding rows', () => {
    const directory = new Directory()
    const devices = 5_000
    for (let i = 0; i < devices; i++) directory.put(i, (i * 64) >>> 0, i % 3, i, i % 65_536)
    expect(directory.count).toBe(devices)
    expect(directory.removeShard(1)).toBe(1_667)
    const found = Array.from({ length: devices }, (_, i) => directory.find(i, (i * 64) >>> 0))
    expect(found.filter(Boolean)).toHaveLength(devices - 1_667)
    expect(found.every((isThere, i) => isThere === (i % 3 !== 1))).toBe(true)
    for (let i = 0; i < devices; i++) directory.remove(i, (i * 64) >>> 0, i % 3, i, i % 65_536)
    expect(directory.count).toBe(0)
  })

  it('does not take the end of an older connection for the end of the newer', () => {
    const directory = new Directory()
    directory.put(1, 2, 0, 17, 3)
    expect(directory.put(1, 2, 1, 17, 3)).toBe(true)
    expect(directory.remove(1, 2, 0, 17, 3)).toBe(false)
    expect([directory.find(1, 2), directory.shard]).toEqual([true, 1])
  })
})

it('keeps the session of each device, however its row moves', () => {
  const step = fc.record({
    device: fc.integer({ min: 0, max: 40 }),
    what: fc.constantFrom('put', 'put', 'remove', 'lose shard 1'),
    sessionId: fc.integer({ min: 1, max: 0xffffffff }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const directory = new Directory()
      const model = new Map<number, { sessionId: number; shard: number }>()
      // Beyond what the first rows hold, so that it grows too.
      for (let device = 1_000; device < 1_700; device++) directory.put(device, device, 0, device, 0)
      for (const { device, what, sessionId } of steps) {
        const before = model.get(device)
        // Few different places at home, so that rows are pushed and shifted back.
        const low = device % 3
        if (what === 'put') {
          const shard = sessionId % 2
          expect(directory.put(device, low, shard, device, 0)).toBe(before !== undefined)
          if (before) expect(directory.sessionId).toBe(before.sessionId)
          directory.setSession(device, low, sessionId)
          model.set(device, { sessionId, shard })
        } else if (what === 'remove') {
          directory.remove(device, low, before?.shard ?? 0, device, 0)
          model.delete(device)
        } else {
          directory.removeShard(1)
          for (const [key, { shard }] of model) if (shard === 1) model.delete(key)
        }
        for (const [key, known] of model) {
          expect(directory.find(key, key % 3)).toBe(true)
          expect(directory.sessionId).toBe(known.sessionId)
        }
      }
    }),
    { numRuns: 50 },
  )
})
