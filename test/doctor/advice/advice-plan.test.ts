import { describe, expect, it } from 'vitest'
import { isEmptyPlan, planAdvice } from '../../../src/doctor/advice/advice-plan.ts'
import { known } from '../../../src/doctor/fact.ts'
import { type Finding, findingOf } from '../../../src/doctor/finding.ts'
import { raiseSysctl, type Setting, setSysctl } from '../../../src/doctor/setting.ts'
import { factsWith } from '../facts-builder.ts'

const SOMAXCONN = 'net.core.somaxconn'

function findingWith(...settings: Setting[]): Finding {
  const identity = {
    id: 'listen/somaxconn',
    title: '',
    why: '',
    source: '',
    scope: 'netns',
  } as const
  return findingOf(identity, { status: 'warn', observed: '', settings })
}

describe('the plan of advice', () => {
  it('raises, and leaves a better value alone', () => {
    const finding = findingWith(raiseSysctl(SOMAXCONN, 16_384, 'queue'))
    const low = planAdvice(factsWith({ sysctls: { [SOMAXCONN]: 4_096 } }), [finding])
    expect(low.sysctls).toMatchObject([{ key: SOMAXCONN, present: '4096', wanted: '16384' }])
    const high = planAdvice(factsWith({ sysctls: { [SOMAXCONN]: 65_535 } }), [finding])
    expect(isEmptyPlan(high)).toBe(true)
    expect(high.leftOut).toEqual([{ what: SOMAXCONN, reason: 'is 65535 already, which is better' }])
  })

  it('raises a vector column by column', () => {
    const facts = factsWith({ sysctls: { 'net.ipv4.tcp_mem': '100\t5000\t600' } })
    const { sysctls } = planAdvice(facts, [
      findingWith(raiseSysctl('net.ipv4.tcp_mem', '200 400 900', 'room')),
    ])
    expect(sysctls[0]?.wanted).toBe('200 5000 900')
  })

  it('never writes a setting this kernel lacks, nor one it could not read', () => {
    const finding = findingWith(setSysctl('net.ipv4.tcp_gone', 1, 'x'))
    const modern = factsWith({ sysctls: { 'net.ipv4.tcp_sack': 1 } })
    expect(planAdvice(modern, [finding])).toMatchObject({
      sysctls: [],
      leftOut: [
        { what: 'net.ipv4.tcp_gone', reason: 'left alone: this kernel has no such setting' },
      ],
    })
    const unread = planAdvice(factsWith(), [finding])
    expect(unread.sysctls).toEqual([])
    expect(unread.leftOut[0]?.reason).toBe('left alone: was not read')
  })

  it('takes the larger of two raises, and an exact value over a raise', () => {
    const facts = factsWith({ sysctls: { [SOMAXCONN]: 128 } })
    const both = planAdvice(facts, [
      findingWith(raiseSysctl(SOMAXCONN, 8_192, 'a')),
      findingWith(raiseSysctl(SOMAXCONN, 4_096, 'b')),
    ])
    expect(both.sysctls).toMatchObject([{ wanted: '8192', reasons: ['a', 'b'] }])
    const exact = planAdvice(facts, [
      findingWith(setSysctl(SOMAXCONN, 100, 'exact')),
      findingWith(raiseSysctl(SOMAXCONN, 4_096, 'b')),
    ])
    expect(exact.sysctls).toMatchObject([{ wanted: '100' }])
  })

  it('sets nothing that is so already, however it is spaced', () => {
    const facts = factsWith({ sysctls: { 'net.ipv4.ip_local_port_range': '1024\t65535' } })
    const plan = planAdvice(facts, [
      findingWith(setSysctl('net.ipv4.ip_local_port_range', '1024 65535', 'ports')),
    ])
    expect(isEmptyPlan(plan)).toBe(true)
  })

  it('hands what belongs to the host to its operator when it looks from a container', () => {
    const facts = factsWith({
      sysctls: { [SOMAXCONN]: 128 },
      host: {
        namespaces: {
          network: known('child', '/proc'),
          networkInode: known('net:[5]', '/proc'),
          pid: known('child', '/proc'),
        },
      },
    })
    const plan = planAdvice(facts, [
      findingWith(
        raiseSysctl('net.ipv4.tcp_mem', '1 2 3', 'room'),
        raiseSysctl('fs.nr_open', 2_000_000, 'descriptors'),
        raiseSysctl(SOMAXCONN, 4_096, 'queue'),
      ),
    ])
    expect(plan.sysctls.map(({ key }) => key)).toEqual([SOMAXCONN])
    expect(plan.forHost.map(({ key }) => key)).toEqual(['net.ipv4.tcp_mem', 'fs.nr_open'])
  })

  it('orders ceilings before what they limit', () => {
    const keys = [SOMAXCONN, 'net.netfilter.nf_conntrack_buckets', 'fs.file-max', 'fs.nr_open']
    const facts = factsWith({ sysctls: Object.fromEntries(keys.map((key) => [key, 1])) })
    const plan = planAdvice(facts, [findingWith(...keys.map((key) => raiseSysctl(key, 2, 'more')))])
    expect(plan.sysctls.map(({ key }) => key)).toEqual([...keys].reverse())
  })

  it('refuses keys and values that could start a line or leave /proc/sys', () => {
    const facts = factsWith({ sysctls: { 'net.a': 1, 'net.../../etc/passwd': 1 } })
    const plan = planAdvice(facts, [
      findingWith(
        setSysctl('net.a', '1\nkernel.core_pattern = |/bin/sh', 'x'),
        setSysctl('net.../../etc/passwd', '1', 'x'),
      ),
    ])
    expect(plan.sysctls).toEqual([])
    expect(plan.leftOut).toHaveLength(2)
  })
})
