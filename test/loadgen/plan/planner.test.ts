import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PushctlError } from '../../../src/errors/pushctl-error.ts'
import type { HostLimits } from '../../../src/loadgen/plan/host-limits.ts'
import { planRun } from '../../../src/loadgen/plan/planner.ts'
import { parseTarget, type ResolvedTarget } from '../../../src/loadgen/target/target-address.ts'
import type { BenchSettings } from '../../../src/loadgen/workload.ts'

const GIB = 1024 ** 3
const host: HostLimits = {
  cores: 8,
  descriptorsPerProcess: 20_000,
  portFirst: 32_768,
  portLast: 60_999,
  portsReserved: 0,
  memoryAvailableBytes: 24 * GIB,
}
const settings: BenchSettings = {
  targets: [],
  mode: 'broadcast',
  connections: 1_000,
  connectsPerSecond: 5_000,
  messagesPerSecond: 1,
  unicastCount: null,
  broadcastCount: null,
  heartbeatSeconds: 0,
  messageBytes: 256,
  arrivals: 'constant',
  warmupMs: 1_000,
  durationMs: 10_000,
  publishUrl: null,
  adminToken: null,
  workers: null,
  processes: null,
  sourceAddresses: null,
  engine: 'auto',
  seed: 1,
}
const targets = (...urls: string[]): ResolvedTarget[] =>
  urls.map((url) => ({ ...parseTarget(url), address: parseTarget(url).host }))
const loopback = targets('tcp://127.0.0.1:7000', 'ws://127.0.0.1:7001/')
const remote = targets('tcp://192.0.2.1:7000')

function refusal(run: () => unknown): PushctlError {
  try {
    run()
  } catch (error) {
    return error as PushctlError
  }
  throw new Error('expected a refusal')
}

describe('planner: shards', () => {
  it('takes threads while one process has the descriptors', () => {
    const plan = planRun({ ...settings, connections: 19_744 }, remote, host, 'epoll')
    expect(plan.shards).toMatchObject({ kind: 'thread', count: 8 })
    expect(plan.descriptors).toEqual({ perProcess: 20_000, reserved: 256, needed: 20_000 })
  })

  it('takes processes from the first connection that one process cannot hold', () => {
    const plan = planRun({ ...settings, connections: 19_745 }, remote, host, 'epoll')
    expect(plan.shards).toMatchObject({
      kind: 'process',
      count: 2,
      connections: [9_873, 9_872],
      reason: 'a process may open 20000 descriptors',
    })
  })

  it('leaves half of the cores to a target on the same host, and starts no idle thread', () => {
    expect(planRun({ ...settings, connections: 9_000 }, loopback, host, 'epoll').shards.count).toBe(
      4,
    )
    expect(planRun({ ...settings, connections: 10 }, remote, host, 'epoll').shards.count).toBe(1)
  })

  it('refuses threads that the descriptors do not allow and names the flag that works', () => {
    const error = refusal(() =>
      planRun({ ...settings, connections: 50_000, workers: 4 }, remote, host, 'epoll'),
    )
    expect(error.code).toBe('PUSHCTL_DESCRIPTORS')
    expect(error.exitCode).toBe(3)
    expect(error.tries[0]).toBe('--processes 3')
    const mended = { ...settings, connections: 50_000, processes: 3 }
    expect(planRun(mended, loopback, host, 'epoll').shards.count).toBe(3)
  })

  it('loses no connection over shards and targets', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50_000 }),
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 5 }),
        (connections, processes, count) => {
          const urls = Array.from({ length: count }, (_, i) => `tcp://127.0.0.${i + 1}:7000`)
          const unlimited = { ...host, descriptorsPerProcess: null }
          const plan = planRun(
            { ...settings, connections, processes },
            targets(...urls),
            unlimited,
            'epoll',
          )
          const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)
          expect(total(plan.shards.connections)).toBe(connections)
          expect(total(plan.targets.map((target) => target.connections))).toBe(connections)
        },
      ),
    )
  })
})

describe('planner: ports', () => {
  it('binds no source address while one has the ports', () => {
    expect(planRun(settings, remote, host, 'epoll').ports).toMatchObject({
      usablePerSource: 28_232,
      sources: [],
      neededPerSource: 1_000,
    })
  })

  it('picks loopback source addresses by itself', () => {
    const million = { ...settings, connections: 1_000_000 }
    const plan = planRun(million, targets('tcp://127.0.0.1:7000'), host, 'epoll')
    expect(plan.ports.sources).toHaveLength(142)
    expect(plan.ports.sources[0]).toBe('127.0.1.1')
    expect(plan.ports.neededPerSource).toBe(7_043)
  })

  it('counts ports per destination with the epoll engine and once for all with the node engine', () => {
    const both = { ...settings, connections: 50_000, sourceAddresses: ['127.0.0.9'] }
    expect(planRun(both, loopback, host, 'epoll').ports.neededPerSource).toBe(25_000)
    const error = refusal(() => planRun(both, loopback, host, 'node'))
    expect(error.code).toBe('PUSHCTL_PORTS')
    expect(error.tries).toContain('--engine epoll, which shares ports between destinations')
  })

  it('refuses what one address cannot reach and says how many would', () => {
    const error = refusal(() =>
      planRun({ ...settings, connections: 100_000 }, remote, host, 'epoll'),
    )
    expect(error.code).toBe('PUSHCTL_PORTS')
    expect(error.exitCode).toBe(3)
    expect(error.tries[0]).toBe('--source-ip with 4 addresses of this host (list, range or block)')
  })
})

describe('planner: memory', () => {
  it('counts both ends of a loopback connection', () => {
    const far = planRun(settings, remote, host, 'epoll').memory
    const near = planRun(settings, targets('tcp://127.0.0.1:7000'), host, 'epoll').memory
    expect(near.kernelBytes).toBe(far.kernelBytes * 2)
  })

  it('refuses what does not fit and says what would', () => {
    const small = { ...host, memoryAvailableBytes: GIB, descriptorsPerProcess: null }
    const error = refusal(() =>
      planRun({ ...settings, connections: 1_000_000 }, loopback, small, 'epoll'),
    )
    expect(error.code).toBe('PUSHCTL_MEMORY')
    const fits = Number(/--connections (\d+)/.exec(error.tries[0])?.[1])
    expect(planRun({ ...settings, connections: fits }, loopback, small, 'epoll').connections).toBe(
      fits,
    )
  })
})
