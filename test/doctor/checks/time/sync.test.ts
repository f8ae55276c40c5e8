import { describe, expect, it } from 'vitest'
import { timeSync } from '../../../../src/doctor/checks/time/sync.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

function factsOf(synchronised: boolean, offsetSeconds?: number) {
  return factsWith({
    host: {
      clockSynchronised: known(synchronised, 'chronyc -c tracking'),
      ...(offsetSeconds === undefined
        ? {}
        : { clockOffsetSeconds: known(offsetSeconds, 'chronyc -c tracking') }),
    },
  })
}

describe('time/sync', () => {
  it('is ok when synchronised, and prints the offset', () => {
    expect(findingOfCheck(timeSync, factsOf(true)).status).toBe('ok')
    const finding = findingOfCheck(timeSync, factsOf(true, 0.000_042))
    expect(finding).toMatchObject({ status: 'ok', observed: 'synchronised, off by 0.042 ms' })
  })

  it('informs of a large offset and warns when nobody holds the clock', () => {
    expect(findingOfCheck(timeSync, factsOf(true, 0.1)).status).toBe('ok')
    expect(findingOfCheck(timeSync, factsOf(true, 0.101)).status).toBe('info')
    expect(findingOfCheck(timeSync, factsOf(false)).status).toBe('warn')
  })

  it('is unknown when no tool tells', () => {
    expect(findingOfCheck(timeSync, factsWith()).status).toBe('unknown')
  })
})
