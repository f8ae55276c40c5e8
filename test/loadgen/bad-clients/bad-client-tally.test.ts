import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  badClientBlocks,
  badClientCount,
} from '../../../src/loadgen/bad-clients/bad-client-kinds.ts'
import {
  badClientReports,
  emptyCounts,
  noteEnd,
} from '../../../src/loadgen/bad-clients/bad-client-tally.ts'

const times = (ms: object) => ({ ...ms, hdr: expect.any(String) })

it('adds up what processes have seen, and leaves out kinds that nobody asked for', () => {
  const parts = [emptyCounts(), emptyCounts()]
  for (const [index, part] of parts.entries()) {
    Object.assign(part[0], { wanted: 2, connected: 5, received: 7 })
    noteEnd(part[0], 'bye 4102 too-slow', 100 + index * 50)
  }
  noteEnd(parts[0][0], 'ECONNRESET', 9.6)
  Object.assign(parts[1][2], { wanted: 1, dropped: 3, cameBack: 2 })
  expect(badClientReports(parts)).toEqual([
    {
      kind: 'slow-reader',
      wanted: 4,
      connected: 10,
      failed: 0,
      cut: 3,
      alive_at_end: 0,
      received: 14,
      ends: [
        { cause: 'bye 4102 too-slow', count: 2, after_ms: times({ min: 100, p50: 100, max: 150 }) },
        { cause: 'ECONNRESET', count: 1, after_ms: times({ min: 10, p50: 10, max: 10 }) },
      ],
    },
    {
      kind: 'dropper',
      wanted: 1,
      connected: 0,
      failed: 0,
      cut: 0,
      alive_at_end: 0,
      received: 0,
      dropped: 3,
      came_back: 2,
      ends: [],
    },
  ])
})

it('counts every end, however many names a target makes up for them', () => {
  const names = fc.array(fc.string({ maxLength: 3 }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(names, (causes) => {
      const counts = emptyCounts()
      counts[0].wanted = 1
      for (const cause of causes) noteEnd(counts[0], cause, 1)
      const [report] = badClientReports([counts])
      expect(report.cut).toBe(causes.length)
      expect(report.ends.length).toBeLessThanOrEqual(51)
    }),
  )
})

it('clients come in one block for each kind, all of them', () => {
  const count = fc.nat(1_000)
  fc.assert(
    fc.property(count, count, count, count, (slowReaders, neverReaders, droppers, halfOpen) => {
      const rest = { readBytesPerSecond: 1, upMs: 1, awayMs: 1 }
      const settings = { slowReaders, neverReaders, droppers, halfOpen, ...rest }
      const total = badClientBlocks(settings).reduce((sum, block) => sum + block)
      expect(total).toBe(badClientCount(settings))
    }),
  )
})
