import { describe, expect, it } from 'vitest'
import { filesProcessNofile } from '../../../../src/doctor/checks/files/process-nofile.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck, findingsOf, processWith } from '../../facts-builder.ts'

const withLimit = (soft: number, hard: number, unit?: string) =>
  factsWith({
    rest: {
      processes: [
        processWith({
          limits: known({ 'Max open files': { soft, hard } }, '/proc/4321/limits'),
          ...(unit === undefined
            ? {}
            : {
                unit: known(
                  { name: unit, limitNofile: hard, memoryMaxBytes: null },
                  'systemctl show',
                ),
              }),
        }),
      ],
    },
  })

describe('files/process-nofile', () => {
  it('is ok from N + max(1,024, 2 %) on, and critical one below', () => {
    const target = { connections: 10_000 }
    expect(findingOfCheck(filesProcessNofile, withLimit(11_024, 11_024), target).status).toBe('ok')
    expect(findingOfCheck(filesProcessNofile, withLimit(11_023, 11_023), target).status).toBe(
      'critical',
    )
    const million = { connections: 1_000_000 }
    const finding = findingOfCheck(filesProcessNofile, withLimit(1_020_000, 1_020_000), million)
    expect(finding.status).toBe('ok')
    expect(finding.settings).toEqual([])
  })

  it('names the hard limit where it is short, and asks the unit for the next power of two', () => {
    const facts = withLimit(20_000, 20_000, 'push.service')
    const finding = findingOfCheck(filesProcessNofile, facts, { connections: 1_000_000 })
    expect(finding.subject).toBe('node (pid 4321)')
    expect(finding.observed).toContain('hard limit 20,000')
    expect(finding.needed).toContain('1,000,000 connections + max(1,024, 2 %) = 1,020,000')
    expect(finding.fix_for_good).toBe('push.service.d/90-pushctl.conf: LimitNOFILE=1048576')
  })

  it('judges a running process by its soft limit, whatever the hard one allows', () => {
    const finding = findingOfCheck(filesProcessNofile, withLimit(1_024, 524_288))
    expect(finding.status).toBe('critical')
    expect(finding.fix_now).toBe('prlimit --nofile=524288: --pid 4321')
  })

  it('takes only the share of one process where the connections are spread', () => {
    const target = { connections: 1_000_000, workers: 8 }
    const finding = findingOfCheck(filesProcessNofile, withLimit(127_500, 127_500), target)
    expect(finding.status).toBe('ok')
    expect(finding.needed).toContain('125,000 connections (1 of 8 processes)')
  })

  it('takes unlimited for enough', () => {
    const facts = withLimit(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
    const finding = findingOfCheck(filesProcessNofile, facts)
    expect(finding.status).toBe('ok')
    expect(finding.observed).toBe('soft limit unlimited')
  })

  it('is unknown without a process, without its limits, or without the line', () => {
    expect(findingOfCheck(filesProcessNofile, factsWith())).toMatchObject({
      status: 'unknown',
      observed: expect.stringContaining('--pid'),
    })
    const closed = factsWith({ rest: { processes: [processWith()] } })
    expect(findingsOf(filesProcessNofile, closed).map(({ status }) => status)).toEqual(['unknown'])
    const odd = processWith({ limits: known({}, '/proc/4321/limits') })
    const facts = factsWith({ rest: { processes: [odd] } })
    expect(findingOfCheck(filesProcessNofile, facts).status).toBe('unknown')
  })
})
