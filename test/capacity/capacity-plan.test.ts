import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ASSUMPTIONS, assumptionsWith } from '../../src/capacity/assumption-table.ts'
import { planCapacity } from '../../src/capacity/capacity-plan.ts'
import { PushctlError } from '../../src/errors/pushctl-error.ts'
import { anyInput, plainInput } from './plan-inputs.ts'

const assumed = assumptionsWith([])
/** null where a node of this size cannot carry one connection. */
const planOrNull = (input: typeof plainInput) => {
  try {
    return planCapacity(input, assumed)
  } catch (error) {
    if (error instanceof PushctlError) return null
    throw error
  }
}

describe('a capacity plan', () => {
  it('is what can be worked out by hand', () => {
    const plan = planCapacity(plainInput, assumed)
    expect(plan.rates).toEqual({
      online: 500_000,
      deliveriesPerSecond: 2_000,
      broadcastsDeliveriesPerSecond: 0,
      heartbeatsPerSecond: 5_000,
      connectsPerSecond: 500,
    })
    // 3 GiB less 72 MiB, by 4,124 + 400 B and 0.0016 messages of 484 + 1,300 B under way.
    const kernelBytes = ASSUMPTIONS['kernel-bytes'].value + 0.0016 * (484 + 1_300)
    const perConnection = kernelBytes + 400
    const fits = Math.floor((3 * 1024 ** 3 - 72 * 1024 ** 2) / perConnection)
    expect(plan.limits[0]).toMatchObject({ name: 'memory', connectionsMax: fits })
    // 0.004 deliveries, 0.01 heartbeats and 0.001 connections a second and connection.
    const processUs = 0.004 * 3.8 + 0.01 * 3.6 + 0.001 * 30
    const softirqUs = 2 * (0.004 * 2 + 0.01 * 3 + 0.001 * 9)
    expect(plan.limits[1]).toMatchObject({
      name: 'cpu',
      connectionsMax: Math.floor(1e6 / (processUs + softirqUs)),
    })
    expect(plan.fleet).toEqual({
      nodes: 2,
      nodesPerSite: 2,
      nodesWorking: 1,
      decidedBy: 'memory',
      connectionsPerNode: 250_000,
      connectionsPerNodeAfterLoss: 500_000,
    })
    expect(plan.node.connections).toBe(500_000)
    expect(plan.node.processCores).toBeCloseTo(0.5 * processUs, 10)
    expect(plan.node.softirqCores).toBeCloseTo(0.5 * softirqUs, 10)
    // 2,000 frames of 500 B; 2,000 + 5,000 + 4 × 500 packets of 90 B around them.
    expect(plan.node.bitsOutPerSecond).toBeCloseTo(8 * (2_000 * 500 + 9_000 * 90), 3)
    expect(plan.storms).toEqual([
      {
        lost: 'a node',
        connections: 250_000,
        offeredPerSecond: 25_000,
        offeredPerNode: 25_000,
        // 1.6 cores less what 500,000 connections take, by 30 + 9 × 2 µs.
        takenPerNode: Math.floor((1.6e6 - 500_000 * (processUs + softirqUs)) / 48),
        seconds: 10,
      },
    ])
    expect(plan.redis).toEqual({
      registryBytes: 150_000_000,
      inboxBytes: 0,
      commandsPerSecond: 7_500,
      shards: 1,
      decidedBy: 'memory',
    })
  })

  it('never uses more of a node than it may, also after the loss that it plans for', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const plan = planOrNull(input)
        for (const { used, usedAfterLoss } of plan?.limits ?? []) {
          expect(used).toBeLessThanOrEqual(usedAfterLoss)
          expect(usedAfterLoss).toBeLessThanOrEqual(1 + 1e-9)
        }
      }),
    )
  })

  it('has one node less than it needs as soon as one more is taken away', () => {
    fc.assert(
      fc.property(anyInput, (drawn) => {
        const input = { ...drawn, sites: 1, survive: 'node' as const }
        const plan = planOrNull(input)
        if (plan === null || plan.fleet.nodesWorking === 1) return
        const most = Math.min(...plan.limits.map(({ connectionsMax }) => connectionsMax))
        const { nodes } = plan.fleet
        expect(nodes - input.spareNodes).toBe(plan.fleet.nodesWorking)
        expect((plan.fleet.nodesWorking - 1) * most).toBeLessThan(plan.rates.online)
      }),
    )
  })

  it('carries everything after the loss of any one site, where it must', () => {
    fc.assert(
      fc.property(anyInput, (drawn) => {
        const input = { ...drawn, sites: Math.max(2, drawn.sites), survive: 'site' as const }
        const plan = planOrNull(input)
        if (plan === null) return
        const { nodes, nodesPerSite } = plan.fleet
        expect(nodes).toBe(nodesPerSite * input.sites)
        const most = Math.min(...plan.limits.map(({ connectionsMax }) => connectionsMax))
        expect((nodes - nodesPerSite) * most).toBeGreaterThanOrEqual(plan.rates.online)
        expect(plan.storms.at(-1)).toMatchObject({ lost: 'a site' })
      }),
    )
  })

  it('never needs fewer nodes for more devices, pushes or bytes', () => {
    const grown = fc.constantFrom('devices', 'pushesPerSecond', 'messageBytes', 'spareNodes')
    fc.assert(
      fc.property(anyInput, grown, fc.integer({ min: 2, max: 5 }), (input, key, factor) => {
        const before = planOrNull(input)
        const after = planOrNull({ ...input, [key]: input[key as 'devices'] * factor })
        if (before === null || after === null) return
        // Connections of a node are whole: where it carries few, a part of one is lost on each.
        fc.pre(before.limits.every(({ connectionsMax }) => connectionsMax >= 1_000))
        expect(after.fleet.nodes).toBeGreaterThanOrEqual(Math.floor(before.fleet.nodes * 0.99))
      }),
    )
  })

  it('paces a broadcast, and counts it by receiver where more of it is asked for', () => {
    const input = { ...plainInput, broadcastShare: 0.5 }
    expect(planCapacity(input, assumed).rates).toMatchObject({
      deliveriesPerSecond: 1_000 + 5_000,
      broadcastsDeliveriesPerSecond: 5_000,
    })
    const more = { ...input, pushesPerSecond: 20_000 }
    expect(planCapacity(more, assumed).rates.broadcastsDeliveriesPerSecond).toBe(10_000)
  })

  it('stores unicasts for those who are away, with qos 1', () => {
    const { redis } = planCapacity({ ...plainInput, qos: 1 }, assumed)
    expect(redis.inboxBytes).toBe(1_000 * 0.5 * 3_600 * (484 + 200))
  })

  it('says where the rest never catches up, and is slower than the devices come back', () => {
    const assumptions = assumptionsWith([
      { name: 'cpu-share', value: 1, source: 'test' },
      { name: 'storm-cpu-share', value: 0.01, source: 'test' },
    ])
    const busy = planCapacity(plainInput, assumptions)
    expect(busy.storms[0]).toMatchObject({ takenPerNode: 0, seconds: null })
    const slow = assumptionsWith([{ name: 'connect-us', value: 10_000, source: 'test' }])
    const { storms, fleet } = planCapacity({ ...plainInput, heartbeatSeconds: 1_000 }, slow)
    const { seconds, connections, takenPerNode } = storms[0]
    expect(seconds).toBeCloseTo(connections / (takenPerNode * (fleet.nodes - 1)), 6)
    expect(seconds).toBeGreaterThan(10)
  })

  it('refuses a node that cannot carry one connection', () => {
    const node = { ...plainInput.node, memoryBytes: 64 * 1024 ** 2 }
    expect(() => planCapacity({ ...plainInput, node }, assumed)).toThrow(
      'a node of this size cannot carry one connection',
    )
  })
})
