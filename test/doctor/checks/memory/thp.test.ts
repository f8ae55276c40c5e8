import { describe, expect, it } from 'vitest'
import { memoryThp } from '../../../../src/doctor/checks/memory/thp.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const FOLDER = '/sys/kernel/mm/transparent_hugepage'
const withChoice = (enabled: string, defrag: string) =>
  factsWith({
    host: {
      thpEnabled: known(enabled, `${FOLDER}/enabled`),
      thpDefrag: known(defrag, `${FOLDER}/defrag`),
    },
    sample: { meminfo: known({ AnonHugePages: 75_776 * 1_024 }, '/proc/meminfo') },
  })

describe('memory/thp', () => {
  it('warns where every allocation may wait for a huge page', () => {
    const finding = findingOfCheck(memoryThp, withChoice('always', 'always'))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('77.6 MB')
    expect(finding.fix_now).toBe(`echo madvise > ${FOLDER}/enabled`)
  })

  it('informs where all memory gets huge pages without waiting', () => {
    expect(findingOfCheck(memoryThp, withChoice('always', 'madvise')).status).toBe('info')
  })

  it.each(['madvise', 'never'])('is ok with %s', (enabled) => {
    const finding = findingOfCheck(memoryThp, withChoice(enabled, 'always'))
    expect(finding).toMatchObject({ status: 'ok', settings: [] })
  })

  it('is unknown without the first setting, and without the second where it decides', () => {
    expect(findingOfCheck(memoryThp, factsWith()).status).toBe('unknown')
    const half = factsWith({ host: { thpEnabled: known('always', `${FOLDER}/enabled`) } })
    expect(findingOfCheck(memoryThp, half).status).toBe('unknown')
  })
})
