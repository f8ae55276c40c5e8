import { describe, expect, it } from 'vitest'
import { assumptionsWith } from '../../src/capacity/assumption-table.ts'
import { planCapacity } from '../../src/capacity/capacity-plan.ts'
import { sensitivityOf } from '../../src/capacity/sensitivity.ts'
import { plainInput } from './plan-inputs.ts'

describe('what a plan hangs on', () => {
  const input = { ...plainInput, devices: 20_000_000, spareNodes: 0 }

  it('is memory where memory decides, the largest span first', () => {
    const plan = planCapacity(input, assumptionsWith([]))
    expect(plan.fleet).toMatchObject({ nodes: 15, decidedBy: 'memory' })
    // Half the memory is 1,464 MiB beside the node itself: 339,000 connections, 30 nodes.
    expect(sensitivityOf(plan)).toEqual([
      { name: 'node-memory', nodesHalved: 30, nodesDoubled: 8 },
      { name: 'devices', nodesHalved: 8, nodesDoubled: 29 },
      { name: 'kernel-bytes', nodesHalved: 8, nodesDoubled: 28 },
      { name: 'memory-share', nodesHalved: 30, nodesDoubled: 11 },
      { name: 'process-bytes', nodesHalved: 14, nodesDoubled: 16 },
    ])
  })

  it('says where half of something leaves no node at all', () => {
    const node = { ...plainInput.node, memoryBytes: 128 * 1024 ** 2 }
    const plan = planCapacity({ ...input, node }, assumptionsWith([]))
    const row = sensitivityOf(plan).find(({ name }) => name === 'node-memory')
    expect(row).toMatchObject({ nodesHalved: null })
    expect(row?.nodesDoubled).toBeLessThan(plan.fleet.nodes)
  })
})
