import { describe, expect, it } from 'vitest'
import { conntrackFill } from '../../../../src/doctor/checks/conntrack/fill.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const COUNT = '/proc/sys/net/netfilter/nf_conntrack_count'
const STATISTICS = '/proc/net/stat/nf_conntrack'
const ABSENT = unknown('does not exist here', COUNT)

interface Case {
  readonly count: number
  readonly max?: number
  readonly drop?: readonly [number, number]
  readonly established?: number
  readonly log?: string
  readonly single?: boolean
}

function factsOf({ count, max = 100_000, drop = [0, 0], established = 10, ...rest }: Case): Facts {
  const table = (value: number) => known({ entries: count, drop: value, early_drop: 0 }, STATISTICS)
  return factsWith({
    counters: { 'Tcp.CurrEstab': established },
    sysctls: { 'net.netfilter.nf_conntrack_max': max },
    sample: { conntrackCount: known(count, COUNT) },
    before: { conntrackStat: table(drop[0]) },
    after: { conntrackStat: table(drop[1]) },
    ...(rest.log === undefined
      ? {}
      : { kernelLog: known([{ kind: 'conntrackFull', text: rest.log }], 'dmesg') }),
    rest: rest.single ? { sampling: 'single', windowMs: 0 } : {},
  })
}

describe('conntrack/fill', () => {
  it('is ok with room, at a table that tracks nothing, and without the module', () => {
    expect(findingOfCheck(conntrackFill, factsOf({ count: 20_000 })).status).toBe('ok')
    const unused = findingOfCheck(conntrackFill, factsOf({ count: 0 }), { connections: 1_000_000 })
    expect(unused).toMatchObject({ status: 'ok', observed: 'loaded, tracks nothing' })
    const absent = factsWith({
      counters: { 'Tcp.CurrEstab': 10 },
      sysctls: { 'net.core.somaxconn': 4_096 },
      sample: { conntrackCount: ABSENT, conntrackStat: ABSENT },
    })
    expect(findingOfCheck(conntrackFill, absent).status).toBe('ok')
  })

  it('takes a missing file of a small capture for unknown', () => {
    const facts = factsWith({ sample: { conntrackCount: ABSENT, conntrackStat: ABSENT } })
    expect(findingOfCheck(conntrackFill, facts).status).toBe('unknown')
  })

  it.each([
    [74_999, 'ok'],
    [75_000, 'warn'],
    [89_999, 'warn'],
    [90_000, 'critical'],
    [95_000, 'critical'],
  ] as const)('with %d of 100,000 entries is %s', (count, status) => {
    expect(findingOfCheck(conntrackFill, factsOf({ count })).status).toBe(status)
  })

  it('shows a table at 95 % with its numbers and what to do', () => {
    const finding = findingOfCheck(conntrackFill, factsOf({ count: 95_000 }))
    expect(finding.observed).toBe('95,000 of 100,000 entries, 95 %')
    expect(finding.fix_for_good).toContain('notrack')
  })

  it(
    'is critical when packets are dropped now, also across a wrap, and informs of old ' + 'drops',
    () => {
      const now = factsOf({ count: 10, drop: [2 ** 32 - 1, 2] })
      const finding = findingOfCheck(conntrackFill, now)
      expect(finding.status).toBe('critical')
      expect(finding.observed).toContain('; 3 dropped or thrown out now')
      expect(findingOfCheck(conntrackFill, factsOf({ count: 10, drop: [5, 5] })).status).toBe(
        'info',
      )
    },
  )

  it('warns at most of drops when there is one sample only', () => {
    const facts = factsOf({ count: 10, drop: [5, 5], single: true })
    expect(findingOfCheck(conntrackFill, facts).status).toBe('warn')
  })

  it('is critical when the target does not fit, but informs where nothing is tracked yet', () => {
    const target = { connections: 100_001 }
    expect(findingOfCheck(conntrackFill, factsOf({ count: 10 }), target).status).toBe('critical')
    const idle = factsOf({ count: 0, established: 0 })
    expect(findingOfCheck(conntrackFill, idle, target).status).toBe('info')
  })

  it('warns when the kernel log tells of a full table', () => {
    const log = '[12.5] nf_conntrack: table full, dropping packet'
    const finding = findingOfCheck(conntrackFill, factsOf({ count: 10, log }))
    expect(finding.status).toBe('warn')
    expect(finding.evidence).toContain(`kernel log: ${log}`)
  })

  it('is unknown when the limit or the losses cannot be read', () => {
    const noMax = factsWith({ sample: { conntrackCount: known(5, COUNT) } })
    expect(findingOfCheck(conntrackFill, noMax).status).toBe('unknown')
    const noLosses = factsWith({
      sysctls: { 'net.netfilter.nf_conntrack_max': 100_000 },
      sample: { conntrackCount: known(5, COUNT) },
    })
    expect(findingOfCheck(conntrackFill, noLosses).status).toBe('unknown')
    expect(findingOfCheck(conntrackFill, factsWith()).status).toBe('unknown')
  })
})
