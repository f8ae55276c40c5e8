import { describe, expect, it } from 'vitest'
import { filesFdUsed } from '../../../../src/doctor/checks/files/fd-used.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import type { FdCount } from '../../../../src/doctor/facts-sample.ts'
import { factsWith, findingOfCheck, processSampleWith, processWith } from '../../facts-builder.ts'

const LIMITS = known({ 'Max open files': { soft: 10_000, hard: 10_000 } }, '/proc/4321/limits')

const withCount = (fdCount: FdCount, limits = LIMITS) =>
  factsWith({
    sample: { processes: { 4321: processSampleWith({ fdCount: known(fdCount, 'stat') }) } },
    rest: { processes: [processWith({ limits })] },
  })

describe('files/fd-used', () => {
  it.each([
    [7_999, 'ok'],
    [8_000, 'warn'],
    [9_499, 'warn'],
    [9_500, 'critical'],
  ])('finds %i of 10,000 descriptors %s', (count, status) => {
    expect(findingOfCheck(filesFdUsed, withCount({ count, exact: true })).status).toBe(status)
  })

  it('proposes twice what is open, in powers of two', () => {
    const finding = findingOfCheck(filesFdUsed, withCount({ count: 9_900, exact: true }))
    expect(finding.fix_now).toBe('prlimit --nofile=32768:32768 --pid 4321')
  })

  it('lets an upper bound prove that there is room, and nothing else', () => {
    const roomy = findingOfCheck(filesFdUsed, withCount({ count: 4_096, exact: false }))
    expect(roomy).toMatchObject({ status: 'ok', observed: 'at most 4,096 of 10,000 in use, 41 %' })
    const open = findingOfCheck(filesFdUsed, withCount({ count: 8_192, exact: false }))
    expect(open.status).toBe('unknown')
    expect(open.settings).toEqual([])
  })

  it('finds any count small beside no limit', () => {
    const soft = Number.POSITIVE_INFINITY
    const limits = known({ 'Max open files': { soft, hard: soft } }, '/proc/4321/limits')
    const finding = findingOfCheck(
      filesFdUsed,
      withCount({ count: 9_000_000, exact: true }, limits),
    )
    expect(finding).toMatchObject({
      status: 'ok',
      observed: '9,000,000 of unlimited in use, 0.0 %',
    })
  })

  it('is unknown without a process, its count, its limits, or when it ended meanwhile', () => {
    const rest = { processes: [processWith({ limits: LIMITS })] }
    const closed = { 4321: processSampleWith({ fdCount: unknown('permission denied', 'fd') }) }
    const cases = [
      factsWith(),
      factsWith({ rest }),
      factsWith({ rest, sample: { processes: closed } }),
      withCount({ count: 5, exact: true }, unknown('permission denied', 'limits') as never),
      withCount({ count: 5, exact: true }, known({}, 'limits') as never),
    ]
    const statuses = cases.map((facts) => findingOfCheck(filesFdUsed, facts).status)
    expect(statuses).toEqual(cases.map(() => 'unknown'))
  })
})
