import { describe, expect, it } from 'vitest'
import { countReserved, portRange, readHostLimits } from '../../../src/loadgen/plan/host-limits.ts'

describe('host limits', () => {
  it('reads the port range and falls back to the default of the kernel', () => {
    expect(portRange('1024\t65535\n')).toEqual([1024, 65_535])
    expect(portRange('')).toEqual([32_768, 60_999])
  })

  it('counts reserved ports only inside the range', () => {
    expect(countReserved('8080,32768,40000-40009,60990-61100\n', 32_768, 60_999)).toBe(21)
    expect(countReserved('\n', 32_768, 60_999)).toBe(0)
  })

  it('gives defaults where nothing can be read', () => {
    expect(readHostLimits([], '/nonexistent')).toMatchObject({
      portFirst: 32_768,
      portLast: 60_999,
      portsReserved: 0,
    })
  })
})
