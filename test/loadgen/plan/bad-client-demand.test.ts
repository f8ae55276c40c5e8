import { describe, expect, it } from 'vitest'
import type { BadClientSettings } from '../../../src/loadgen/bad-clients/bad-client-kinds.ts'
import { badClientDemand } from '../../../src/loadgen/plan/bad-client-demand.ts'
import { planRun } from '../../../src/loadgen/plan/planner.ts'
import type { PushctlError } from '../../../src/errors/pushctl-error.ts'
import { hostWith, ROOMY as host, SETTINGS, targetsAt } from './roomy-host.ts'

const loopback = targetsAt('tcp://127.0.0.1:7000', 'ws://127.0.0.1:7001/')
const remote = targetsAt('tcp://192.0.2.1:7000')
const socket = host.capacity.socketMemory
const MIB = 1024 * 1024

const NOBODY: BadClientSettings = {
  ...{ slowReaders: 0, readBytesPerSecond: 1_024, neverReaders: 0, halfOpen: 0, droppers: 0 },
  ...{ upMs: 10_000, awayMs: 2_000 },
}
const base = {
  ...SETTINGS,
  mode: 'unicast',
  messagesPerSecond: 1_000,
  messageBytes: 10_000,
} as const

function withBad(badClients: Partial<BadClientSettings>) {
  return { ...base, badClients: { ...NOBODY, ...badClients } }
}

function refusal(run: () => unknown): PushctlError {
  try {
    run()
  } catch (error) {
    return error as PushctlError
  }
  throw new Error('expected a refusal')
}

describe('bad clients in a plan', () => {
  it('are nothing where there are none', () => {
    expect(badClientDemand(base, loopback, 20_000, socket)).toBeNull()
    expect(badClientDemand(withBad({}), loopback, 20_000, socket)).toBeNull()
    const plan = planRun(base, loopback, host, 'epoll')
    expect(plan).not.toHaveProperty('badClientDemand')
    expect(plan.headline).not.toContain('bad')
  })

  it('get processes of their own, as many as the descriptors of one make them', () => {
    const settings = withBad({ halfOpen: 9_000, droppers: 1_000 })
    const demand = (descriptors: number | null) =>
      badClientDemand(settings, loopback, descriptors, socket)
    expect(demand(null)).toMatchObject({ clients: 10_000, processes: 2, sockets: 20_000 })
    expect(demand(4_096)).toMatchObject({ processes: 3, descriptors: 256 + 3_334 })
    const plan = planRun(settings, loopback, { ...host, descriptorsPerProcess: 4_096 }, 'epoll')
    expect(plan.descriptors.needed).toBe(256 + 3_334)
  })

  it('take both ends, all sources and all destinations into the sums', () => {
    const calm = planRun(base, loopback, host, 'epoll')
    const plan = planRun(withBad({ halfOpen: 500 }), loopback, host, 'epoll')
    const need = (of: typeof plan, name: string) =>
      of.limits.find((limit) => limit.name === name)?.need ?? 0
    expect(plan.headline).toContain('500 bad clients')
    expect(plan.connections).toBe(calm.connections)
    expect(need(plan, 'open files') - need(calm, 'open files')).toBe(1_000 + 32)
    expect(need(plan, 'epoll watches') - need(calm, 'epoll watches')).toBe(1_050)
    expect(need(plan, 'threads') - need(calm, 'threads')).toBe(12)
    expect(need(plan, 'local ports') - need(calm, 'local ports')).toBe(250)
    expect(need(plan, 'memory')).toBe(plan.memory.processBytes + plan.memory.kernelBytes)
    const { kernelBytes = 0 } = plan.badClientDemand ?? {}
    expect(plan.memory.kernelBytes - calm.memory.kernelBytes).toBe(kernelBytes)
    const bound = { sourceAddresses: ['127.0.0.9'] }
    const few = planRun({ ...withBad({ halfOpen: 500 }), ...bound }, loopback, host, 'epoll')
    // A port that is bound first is taken for every destination.
    expect(few.ports.neededPerSource).toBe(500 + 500)
  })

  it('are refused where their ports are not there, by name', () => {
    const settings = { ...withBad({ halfOpen: 10_000 }), connections: 20_000 }
    const error = refusal(() => planRun(settings, remote, host, 'epoll'))
    expect(error.code).toBe('PUSHCTL_PORTS')
    expect(error.message).toContain(
      '20000 connections and 10000 bad clients need 30000 local ports',
    )
  })

  it('that do not read keep in the kernel what they are sent, up to what a node bears', () => {
    // 1,000/s to 1,000 devices: 10 KB a second each, for 11 seconds.
    const unread = (bad: Partial<BadClientSettings>, more = {}, targets = loopback) =>
      badClientDemand({ ...withBad(bad), ...more }, targets, null, socket)?.unreadBytes
    expect(unread({ halfOpen: 10, droppers: 10 })).toBe(0)
    expect(unread({ neverReaders: 10 })).toBe(10 * 110_000)
    expect(unread({ slowReaders: 10 })).toBe(10 * (110_000 - 11 * 1_024))
    expect(unread({ slowReaders: 10, readBytesPerSecond: 50_000 })).toBe(0)
    expect(unread({ neverReaders: 10 }, { durationMs: 3_600_000 })).toBe(10 * 8 * MIB)
    expect(unread({ neverReaders: 10 }, { durationMs: 3_600_000 }, remote)).toBe(10 * 4 * MIB)
    const rooms = { count: 10, skew: 0, pushShare: 0.5 }
    // Half of 1,000/s to ten rooms: 50 a second for each of their devices.
    expect(unread({ neverReaders: 10 }, { population: { rooms }, durationMs: 1_000 })).toBe(
      10 * 2 * (5_000 + 500_000),
    )
    const broadcasts = { mode: 'broadcast', messagesPerSecond: 2 }
    expect(unread({ neverReaders: 10 }, broadcasts)).toBe(10 * 11 * 20_000)
  })

  it('are refused where the memory for what they do not read is not there', () => {
    const settings = { ...withBad({ neverReaders: 1_000 }), durationMs: 3_600_000 }
    const small = hostWith({ memoryAvailableBytes: 4 * 1024 ** 3 })
    expect(refusal(() => planRun(settings, loopback, small, 'epoll')).code).toBe('PUSHCTL_MEMORY')
    expect(planRun(base, loopback, small, 'epoll').connections).toBe(1_000)
  })
})
