import { describe, expect, it } from 'vitest'
import { assumptionsWith } from '../../../src/capacity/assumption-table.ts'
import { planCapacity } from '../../../src/capacity/capacity-plan.ts'
import { nodeSettings } from '../../../src/commands/plan/node-settings.ts'
import { plainInput } from '../../capacity/plan-inputs.ts'

describe('the settings of a node', () => {
  it('are for what it carries after the loss, while the lost devices come back', () => {
    const { rows, doctorLine } = nodeSettings(planCapacity(plainInput, assumptionsWith([])))
    const values = Object.fromEntries(rows.map(({ key, value }) => [key, value]))
    expect(values).toEqual({
      // 500,000 and 2 % to spare.
      LimitNOFILE: '510000',
      'fs.nr_open': '1048576',
      // 25,500 connections a second for half a second: the next power of two.
      'net.core.somaxconn': '16384',
      // 1.25 × 1.05 × (500,000 × 0.05 + 800 messages under way) pages.
      'net.ipv4.tcp_mem': '25398 33863 50795',
      // 1.25 × (500,000 + 25,500 × 120 s).
      'net.netfilter.nf_conntrack_max': '4450000',
    })
    expect(doctorLine).toBe(
      'pushctl doctor --role server -c 500000 --connect-rate 25500 --message-rate 2000',
    )
  })
})
