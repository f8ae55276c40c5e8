import { describe, expect, it } from 'vitest'
import { conntrackMax } from '../../../../src/doctor/checks/conntrack/max.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const MAX = 'net.netfilter.nf_conntrack_max'
const BUCKETS = 'net.netfilter.nf_conntrack_buckets'
const TIME_WAIT = 'net.netfilter.nf_conntrack_tcp_timeout_time_wait'
const MILLION = { connections: 1_000_000, connectsPerSecond: 30_000 }

function factsOf(
  sysctls: Readonly<Record<string, number>>,
  count = 500,
  release = '6.12.0',
): Facts {
  return factsWith({
    counters: { 'Tcp.CurrEstab': count },
    sysctls: { [MAX]: 262_144, [BUCKETS]: 262_144, [TIME_WAIT]: 120, ...sysctls },
    sample: { conntrackCount: known(count, '/proc/sys/net/netfilter/nf_conntrack_count') },
    host: { kernelRelease: known(release, '/proc/sys/kernel/osrelease') },
  })
}

describe('conntrack/max', () => {
  it('is ok when limit and buckets hold live and closed connections', () => {
    const finding = findingOfCheck(conntrackMax, factsOf({}))
    // 1.25 × (10,000 + 1,000 × 120) = 162,500
    expect(finding.needed).toContain('162,500 entries')
    expect(finding).toMatchObject({ status: 'ok', settings: [] })
  })

  it('is critical when the connections alone do not fit, and sets buckets before the limit', () => {
    const finding = findingOfCheck(conntrackMax, factsOf({ [TIME_WAIT]: 30 }), MILLION)
    expect(finding.status).toBe('critical')
    expect(finding.fix_now.split('\n')).toEqual([
      `sysctl -w ${BUCKETS}=2097152`,
      `sysctl -w ${MAX}=2375000`,
    ])
    expect(finding.needed).toContain('1.25 × (1,000,000 connections + 30,000 closes/s × 30 s)')
  })

  it('warns when only the closed ones do not fit, and tells what 30 s would need', () => {
    const finding = findingOfCheck(conntrackMax, factsOf({ [MAX]: 1_500_000 }), MILLION)
    expect(finding.status).toBe('warn')
    expect(finding.needed).toContain('2,375,000 entries with 30 s in TIME_WAIT')
  })

  it('counts closes of either side: an entry stays whoever closed first', () => {
    const server = findingOfCheck(conntrackMax, factsOf({}), {
      ...MILLION,
      serverCloseFraction: 0,
    })
    expect(server.needed).toContain('30,000 closes/s')
  })

  it('only informs of few buckets, and uses the module parameter before 4.8', () => {
    const few = factsOf({ [MAX]: 10_000_000, [BUCKETS]: 16_384 }, 500, '3.10.0')
    const finding = findingOfCheck(conntrackMax, few)
    expect(finding.status).toBe('info')
    expect(finding.fix_now).toBe('echo 131072 > /sys/module/nf_conntrack/parameters/hashsize')
  })

  it('proposes nothing while the table tracks nothing', () => {
    const unused = factsOf({}, 0)
    expect(findingOfCheck(conntrackMax, unused, MILLION)).toMatchObject({
      status: 'info',
      settings: [],
    })
    const { sysctls, ...rest } = factsOf({}, 0)
    const withConnections = { ...rest, sysctls, after: { ...rest.after, snmp: estab(9) } }
    expect(findingOfCheck(conntrackMax, withConnections, MILLION).status).toBe('ok')
  })

  it('is unknown without the limit or the timer', () => {
    const { sysctls: _, ...rest } = factsOf({})
    expect(findingOfCheck(conntrackMax, { ...rest, sysctls: {} }).status).toBe('unknown')
    expect(findingOfCheck(conntrackMax, factsWith()).status).toBe('unknown')
  })
})

function estab(count: number): Facts['after']['snmp'] {
  return known({ 'Tcp.CurrEstab': count }, '/proc/net/snmp')
}
