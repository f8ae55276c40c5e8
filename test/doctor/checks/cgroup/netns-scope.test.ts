import { describe, expect, it } from 'vitest'
import { cgroupNetnsScope } from '../../../../src/doctor/checks/cgroup/netns-scope.ts'
import { runChecks } from '../../../../src/doctor/run-checks.ts'
import { factsWith, findingOfCheck, targetWith } from '../../facts-builder.ts'
import { CHILD_NAMESPACE, hostWith } from '../../host-builder.ts'

const IN_CONTAINER = factsWith({
  host: CHILD_NAMESPACE,
  sysctls: { 'net.core.somaxconn': 4_096, 'fs.nr_open': 1_048_576 },
})

describe('cgroup/netns-scope', () => {
  it('is ok on the host', () => {
    const facts = factsWith({ host: hostWith(2), sysctls: { 'net.ipv4.tcp_max_orphans': 65_536 } })
    expect(findingOfCheck(cgroupNetnsScope, facts).status).toBe('ok')
  })

  it('lists in a container what only the host can answer, and proposes no change', () => {
    const finding = findingOfCheck(cgroupNetnsScope, IN_CONTAINER)
    expect(finding).toMatchObject({ status: 'info', settings: [] })
    expect(finding.evidence).toContain('host: net.ipv4.tcp_mem (memory/tcp-mem), hidden from here')
    expect(finding.evidence).toContain('host: fs.nr_open (files/nr-open), here 1048576')
  })

  it('is unknown when the namespace is', () => {
    expect(findingOfCheck(cgroupNetnsScope, factsWith()).status).toBe('unknown')
    expect(findingOfCheck(cgroupNetnsScope, factsWith({ host: hostWith(2) })).status).toBe(
      'unknown',
    )
  })
})

describe('a container without the settings of the host', () => {
  it('gets no verdict of ok on cards and queues that it cannot see', () => {
    const findings = runChecks(IN_CONTAINER, targetWith({ role: 'both' }))
    const hidden = findings.filter(({ id }) => /^(nic|conntrack)\//.test(id))
    expect(hidden.length).toBeGreaterThan(0)
    expect(hidden.filter(({ status }) => status !== 'unknown')).toEqual([])
  })
})
