/** A service and a machine whose plan can be worked out by hand, and any other for fast-check. */
import fc from 'fast-check'
import type { PlanInput } from '../../src/capacity/plan-input.ts'

const GIB = 1024 ** 3

export const plainInput: PlanInput = {
  devices: 1_000_000,
  onlineShare: 0.5,
  heartbeatSeconds: 100,
  pushesPerSecond: 1_000,
  peakFactor: 2,
  messageBytes: 484,
  broadcastShare: 0,
  broadcastSeconds: 100,
  qos: 0,
  storeSeconds: 3_600,
  reconnectSeconds: 10,
  sites: 1,
  spareNodes: 1,
  survive: 'node',
  node: { memoryBytes: 4 * GIB, cores: 2, nicBitsPerSecond: 1e9, connectionsMax: 100_000_000 },
}

const share = fc.double({ min: 0, max: 1, noNaN: true })

export const anyInput: fc.Arbitrary<PlanInput> = fc
  .record({
    devices: fc.integer({ min: 1, max: 1_000_000_000 }),
    onlineShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
    heartbeatSeconds: fc.integer({ min: 1, max: 3_600 }),
    pushesPerSecond: fc.double({ min: 0, max: 1e6, noNaN: true }),
    peakFactor: fc.double({ min: 1, max: 10, noNaN: true }),
    messageBytes: fc.integer({ min: 0, max: 60 * 1024 }),
    broadcastShare: share,
    broadcastSeconds: fc.integer({ min: 1, max: 3_600 }),
    qos: fc.constantFrom(0 as const, 1 as const),
    storeSeconds: fc.integer({ min: 0, max: 86_400 }),
    reconnectSeconds: fc.integer({ min: 1, max: 600 }),
    sites: fc.integer({ min: 1, max: 5 }),
    spareNodes: fc.integer({ min: 0, max: 5 }),
    survive: fc.constantFrom('node' as const, 'site' as const),
    node: fc.record({
      memoryBytes: fc.integer({ min: 2, max: 512 }).map((gib) => gib * GIB),
      cores: fc.integer({ min: 1, max: 64 }),
      nicBitsPerSecond: fc.integer({ min: 1, max: 100 }).map((gigabits) => gigabits * 1e9),
      connectionsMax: fc.integer({ min: 1_000, max: 10_000_000 }),
    }),
  })
  .filter(({ survive, sites }) => survive === 'node' || sites > 1)
