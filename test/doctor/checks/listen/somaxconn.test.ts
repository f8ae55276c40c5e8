import { describe, expect, it } from 'vitest'
import { listenSomaxconn } from '../../../../src/doctor/checks/listen/somaxconn.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const TARGET = { connectsPerSecond: 30_000 }
const factsWithCap = (cap: number) => factsWith({ sysctls: { 'net.core.somaxconn': cap } })

describe('listen/somaxconn', () => {
  it.each([
    [128, 'critical'],
    [4_096, 'warn'],
    [16_384, 'ok'],
    [65_535, 'ok'],
  ])('judges %i at 30,000 connects/s as %s', (cap, status) => {
    expect(findingOfCheck(listenSomaxconn, factsWithCap(cap), TARGET).status).toBe(status)
  })

  it('shows the formula and proposes what it gives', () => {
    const finding = findingOfCheck(listenSomaxconn, factsWithCap(128), TARGET)
    expect(finding.needed).toBe(
      '≥ 16,384 (30,000 connects/s × 0.5 s ÷ 1 listener, to a power of two, 4,096 to 65,535)',
    )
    expect(finding.observed).toBe('128, full after 4 ms at 30,000 connects/s')
    expect(finding.fix_now).toBe('sysctl -w net.core.somaxconn=16384')
  })

  it('never asks for more than 65,535 and divides by listeners', () => {
    const facts = factsWithCap(128)
    const huge = findingOfCheck(listenSomaxconn, facts, { connectsPerSecond: 1_000_000 })
    expect(huge.fix_now).toBe('sysctl -w net.core.somaxconn=65535')
    const shared = findingOfCheck(listenSomaxconn, facts, { ...TARGET, listeners: 8 })
    expect(shared.fix_now).toBe('sysctl -w net.core.somaxconn=4096')
  })
})
