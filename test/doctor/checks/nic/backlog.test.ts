import { describe, expect, it } from 'vitest'
import { nicBacklog } from '../../../../src/doctor/checks/nic/backlog.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import type { SoftnetRow } from '../../../../src/doctor/parsers/softnet-stat.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import { CHILD_NAMESPACE, softnetWith } from '../../host-builder.ts'

const KEY = 'net.core.netdev_max_backlog'
type Rows = readonly Partial<SoftnetRow>[]

function factsOf(before: Rows, after: Rows, length = 1_000): Facts {
  return factsWith({
    sysctls: { [KEY]: length },
    before: { softnet: softnetWith(before) },
    after: { softnet: softnetWith(after) },
  })
}

describe('nic/backlog', () => {
  it('is ok without drops, whatever the length', () => {
    expect(findingOfCheck(nicBacklog, factsOf([{}], [{ processed: 1_000 }])).status).toBe('ok')
  })

  it('is only information when the drops are old', () => {
    const old = [{ dropped: 4_002 }, { dropped: 2_017 }]
    const finding = findingOfCheck(nicBacklog, factsOf(old, old))
    expect(finding).toMatchObject({ status: 'info', settings: [] })
    expect(finding.observed).toBe('no drops now, 6,019 since boot')
  })

  it('is critical on a server, and sizes the queue by 20 ms of the busiest CPU', () => {
    const facts = factsOf([{}, {}], [{ processed: 1_000_000, dropped: 3 }, {}])
    const finding = findingOfCheck(nicBacklog, facts)
    expect(finding.status).toBe('critical')
    expect(finding.needed).toContain('200,000 packets/s of the busiest CPU × 20 ms')
    expect(finding.fix_now).toBe(`sysctl -w ${KEY}=4096`)
  })

  it('warns on a generator below one drop a second, and is critical from there on', () => {
    const role = { role: 'loadgen' } as const
    expect(findingOfCheck(nicBacklog, factsOf([{}], [{ dropped: 4 }]), role).status).toBe('warn')
    const more = factsOf([{}], [{ dropped: 5 }])
    expect(findingOfCheck(nicBacklog, more, role).status).toBe('critical')
  })

  it('counts on where the counter wrapped', () => {
    const facts = factsOf([{ dropped: 2 ** 32 - 2 }], [{ dropped: 3 }])
    expect(findingOfCheck(nicBacklog, facts).observed).toBe('5 packets dropped now')
  })

  it('doubles a length that should have sufficed, but never beyond 16,384', () => {
    const drops = [[{}], [{ dropped: 9 }]] as const
    expect(findingOfCheck(nicBacklog, factsOf(...drops, 5_000)).fix_now).toContain('=8192')
    const long = findingOfCheck(nicBacklog, factsOf(...drops, 300_000))
    expect(long.settings).toEqual([])
    expect(long.fix_now).toContain('only adds delay')
  })

  it('sees drops from a container, and leaves the setting to the host', () => {
    const facts = factsWith({
      host: CHILD_NAMESPACE,
      before: { softnet: softnetWith([{}]) },
      after: { softnet: softnetWith([{ dropped: 50 }]) },
    })
    const finding = findingOfCheck(nicBacklog, facts)
    expect(finding).toMatchObject({ status: 'critical', settings: [] })
    expect(finding.fix_now).toContain('on the host')
  })

  it('warns at most from one sample, and is unknown without any', () => {
    const single = factsWith({
      sample: { softnet: softnetWith([{ dropped: 5_000 }]) },
      sysctls: { [KEY]: 1_000 },
      rest: { sampling: 'single', windowMs: 0 },
    })
    expect(findingOfCheck(nicBacklog, single).status).toBe('warn')
    expect(findingOfCheck(nicBacklog, factsWith()).status).toBe('unknown')
  })
})
