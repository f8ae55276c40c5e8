import { describe, expect, it } from 'vitest'
import { parseThreadUsage, usageShares } from '../../src/loadgen/thread-usage.ts'

describe('thread usage', () => {
  it('reads time on a CPU and time waiting for one', () => {
    expect(parseThreadUsage('2500000 1500000 42\n')).toEqual({ cpuUs: 2_500, waitUs: 1_500 })
    expect(parseThreadUsage('nonsense')).toBeNull()
  })

  it('gives shares of the time between two readings', () => {
    const before = { cpuUs: 100, waitUs: 0 }
    const after = { cpuUs: 600, waitUs: 250 }
    expect(usageShares(before, after, 1_000)).toEqual({ cpuShare: 0.5, waitShare: 0.25 })
    expect(usageShares(null, after, 1_000)).toEqual({ cpuShare: null, waitShare: null })
    expect(usageShares(before, after, 0)).toEqual({ cpuShare: null, waitShare: null })
  })
})
