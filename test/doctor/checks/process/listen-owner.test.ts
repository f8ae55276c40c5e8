import { describe, expect, it } from 'vitest'
import { processListenOwner } from '../../../../src/doctor/checks/process/listen-owner.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { ListenerRow } from '../../../../src/doctor/parsers/ss-listeners.ts'
import { factsWith, findingOfCheck, findingsOf, processWith } from '../../facts-builder.ts'

function factsOf(...ports: readonly number[]) {
  const rows = ports.map(
    (port): ListenerRow => ({
      address: '0.0.0.0',
      port,
      queued: 0,
      backlog: 511,
      drops: null,
      inode: null,
      cgroup: null,
      owners: [{ name: 'node', pid: 4321, fd: 20 }],
    }),
  )
  const limits = known({ 'Max open files': { soft: 1_024, hard: 1_024 } }, '/proc/4321/limits')
  return factsWith({
    sample: { listeners: known(rows, 'ss -Htlnmep') },
    rest: { processes: [processWith({ limits })] },
  })
}

describe('process/listen-owner', () => {
  it('names who listens, with the limit of that process', () => {
    const finding = findingOfCheck(processListenOwner, factsOf(8080), { ports: [8080] })
    expect(finding.status).toBe('ok')
    expect(finding.observed).toBe('0.0.0.0:8080: node (pid 4321)')
    expect(finding.evidence.join()).toContain('1,024 descriptors')
  })

  it('is critical for each port that nobody listens on', () => {
    const findings = findingsOf(processListenOwner, factsOf(8080), { ports: [8080, 8443] })
    expect(findings.map(({ subject, status }) => [subject, status])).toEqual([
      ['port 8080', 'ok'],
      ['port 8443', 'critical'],
    ])
  })

  it('asks nothing of ports that nobody named', () => {
    const finding = findingOfCheck(processListenOwner, factsOf(22, 8080))
    expect(finding.status).toBe('ok')
    expect(finding.evidence[0]).toContain('22, 8080')
  })

  it('is unknown when listeners cannot be listed', () => {
    expect(findingOfCheck(processListenOwner, factsWith(), { ports: [1] }).status).toBe('unknown')
  })
})
