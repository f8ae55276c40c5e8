import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { PushctlError } from '../../../src/errors/pushctl-error.ts'
import { planRun } from '../../../src/loadgen/plan/planner.ts'
import { lanesOf } from '../../../src/loadgen/plan/shard-choice.ts'
import { planNode } from '../../../src/server/node-plan.ts'
import { hostWith, SETTINGS, targetsAt } from './roomy-host.ts'

describe('lanes', () => {
  const reason = ''

  it('are as many as cores where processes outnumber them', () => {
    expect(lanesOf({ kind: 'process', count: 51, reason }, 2)).toBe(2)
    expect(lanesOf({ kind: 'process', count: 3, reason }, 2)).toBe(2)
  })

  it('are all shards where there are cores enough, and always with threads', () => {
    expect(lanesOf({ kind: 'process', count: 2, reason }, 2)).toBe(2)
    expect(lanesOf({ kind: 'process', count: 4, reason }, 8)).toBe(4)
    expect(lanesOf({ kind: 'thread', count: 16, reason }, 2)).toBe(16)
  })
})

const TARGETS = targetsAt('tcp://127.0.0.1:7000', 'ws://127.0.0.1:7001')
/** Where nothing but descriptors decides. */
const WIDE = {
  memoryAvailableBytes: 2 ** 50,
  filesMax: null,
  epollWatchesMax: null,
  tasksMax: null,
  tasksPerUser: null,
}

const runs = fc.record({
  connections: fc.integer({ min: 1, max: 4_000_000 }),
  connectsPerSecond: fc.constantFrom(100, 4_000, 100_000),
  descriptorsPerProcess: fc.integer({ min: 64, max: 100_000 }),
  cores: fc.integer({ min: 1, max: 64 }),
})

test('every plan has processes enough for its connections, at both ends, or is refused', () => {
  fc.assert(
    fc.property(runs, ({ connections, connectsPerSecond, descriptorsPerProcess, cores }) => {
      const settings = { ...SETTINGS, connections, connectsPerSecond }
      const limits = hostWith(WIDE, { descriptorsPerProcess, cores })
      fc.pre(connections / Math.max(1, descriptorsPerProcess - 256) <= 2_000)
      const plan = planOrRefusal(() => planRun(settings, TARGETS, limits, 'epoll'))
      if (plan instanceof PushctlError) {
        expect(plan.code).toBe('PUSHCTL_DESCRIPTORS')
        expect(descriptorsPerProcess).toBeLessThanOrEqual(256)
        return
      }
      const { shards, descriptors } = plan
      expect(descriptors.needed).toBeLessThanOrEqual(descriptorsPerProcess)
      expect(shards.connections.reduce((sum, count) => sum + count, 0)).toBe(connections)
      expect(shards.lanes).toBeLessThanOrEqual(shards.count)
      const node = planNode({
        cores,
        descriptorsPerProcess,
        engine: 'epoll',
        canReusePort: true,
        shards: shards.kind === 'process' ? shards.count : undefined,
        shardKind: shards.kind === 'process' ? 'process' : 'auto',
        connectionsMax: connections,
        capacity: limits.capacity,
      })
      expect(node.connectionsMax).toBe(connections)
      expect(node.rowsPerShard).toBeGreaterThanOrEqual(shards.connections[0])
    }),
    { numRuns: 300 },
  )
})

function planOrRefusal<Plan>(plan: () => Plan): Plan | PushctlError {
  try {
    return plan()
  } catch (error) {
    if (error instanceof PushctlError) return error
    throw error
  }
}
