import { describe, expect, it } from 'vitest'
import { loadOf } from '../../../src/server/cluster/host-record.ts'

const IDLE = { devicesHere: 0, connectionsMax: 1_000, guardShare: 0, cpuShare: 0 }

describe('the load of a node', () => {
  it('is that of what it is nearest to', () => {
    expect(loadOf(IDLE)).toBe(0)
    expect(loadOf({ ...IDLE, devicesHere: 300, guardShare: 0.2, cpuShare: 0.1 })).toBe(0.3)
    expect(loadOf({ ...IDLE, devicesHere: 300, guardShare: 0.4, cpuShare: 0.1 })).toBe(0.4)
    expect(loadOf({ ...IDLE, devicesHere: 300, cpuShare: 0.5 })).toBeCloseTo(0.495)
  })

  it('turns devices away where it is full or refuses them, not where it is only busy', () => {
    expect(loadOf({ ...IDLE, cpuShare: 1 })).toBeLessThan(1)
    expect(loadOf({ ...IDLE, guardShare: 1 })).toBe(1)
    expect(loadOf({ ...IDLE, devicesHere: 1_000 })).toBe(1)
  })
})
