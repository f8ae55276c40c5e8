import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BadClientTurns } from '../../../src/loadgen/population/bad-client-turns.ts'
import { DeviceTurns } from '../../../src/loadgen/population/device-turns.ts'

it('every device that is up gets its turn, equally often, from one publisher only', () => {
  const someRun = fc.record({
    devices: fc.integer({ min: 1, max: 60 }),
    publishers: fc.integer({ min: 1, max: 6 }),
    first: fc.nat(),
    failed: fc.uniqueArray(fc.integer({ min: 0, max: 80 })),
  })
  fc.assert(
    fc.property(someRun, ({ devices, publishers, first, failed }) => {
      const turns = new DeviceTurns(devices, Uint32Array.from(failed), publishers, first % devices)
      for (let publisher = 0; publisher < publishers; publisher++) {
        const all = Array.from({ length: devices }, (_, device) => device)
        const own = all.filter((at) => at % publishers === publisher && !failed.includes(at))
        const rounds = Array.from({ length: own.length * 2 }, () => turns.next(publisher))
        expect([...rounds].sort((a, b) => a - b)).toEqual(own.flatMap((at) => [at, at]))
        if (own.length === 0) expect(turns.next(publisher)).toBe(-1)
      }
    }),
  )
})

it('bad clients get as many pushes as devices do, beside those', () => {
  const counts = fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 200 }))
  fc.assert(
    fc.property(counts, fc.array(fc.integer({ min: 1, max: 256 })), ([bad, devices], batches) => {
      const turns = new BadClientTurns(1_000, bad, devices)
      let pushes = 0
      for (const batch of batches) {
        pushes += batch
        const beside = turns.countFor(batch)
        expect(beside).toBeLessThanOrEqual(batch)
        for (let index = 0; index < beside; index++) {
          const client = turns.next(true)
          expect(client).toBeGreaterThanOrEqual(1_000)
          expect(client).toBeLessThan(1_000 + bad)
        }
      }
      const owed = pushes * Math.min(1, bad / devices)
      expect(Math.abs(turns.pushed - owed)).toBeLessThan(1 + owed * 1e-9)
    }),
  )
})
