import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { filesNrOpen } from '../../../../src/doctor/checks/files/nr-open.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const withCeiling = (value: number) => factsWith({ sysctls: { 'fs.nr_open': value } })

describe('files/nr-open', () => {
  it('finds the default enough for a million connections in one process', () => {
    const finding = findingOfCheck(filesNrOpen, withCeiling(1_048_576), { connections: 1_000_000 })
    expect(finding.status).toBe('ok')
    expect(finding.settings).toEqual([])
  })

  it('is critical where one process needs more, and proposes the next power of two', () => {
    const finding = findingOfCheck(filesNrOpen, withCeiling(1_048_576), { connections: 4_000_000 })
    expect(finding.status).toBe('critical')
    expect(finding.needed).toContain('4,080,000')
    expect(finding.fix_now).toBe('sysctl -w fs.nr_open=4194304')
  })

  it('needs nothing more where processes share the connections', () => {
    const target = { connections: 4_000_000, workers: 4 }
    expect(findingOfCheck(filesNrOpen, withCeiling(1_048_576), target).status).toBe('ok')
  })

  it('changes its mind exactly at the need', () => {
    expect(findingOfCheck(filesNrOpen, withCeiling(11_024)).status).toBe('ok')
    expect(findingOfCheck(filesNrOpen, withCeiling(11_023)).status).toBe('critical')
  })

  it('proposes a value that satisfies itself, at any target', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000_000 }),
        fc.integer({ min: 1, max: 64 }),
        (connections, workers) => {
          const target = { connections, workers }
          const finding = findingOfCheck(filesNrOpen, withCeiling(1), target)
          const [setting] = finding.settings
          const value = setting?.kind === 'sysctl' ? Number(setting.value) : 0
          expect(value).toBeGreaterThanOrEqual(1_048_576)
          expect(findingOfCheck(filesNrOpen, withCeiling(value), target).status).toBe('ok')
        },
      ),
    )
  })

  it('is unknown where the key cannot be read', () => {
    expect(findingOfCheck(filesNrOpen, factsWith()).status).toBe('unknown')
  })
})
