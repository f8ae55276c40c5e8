import { describe, expect, it } from 'vitest'
import { listenSynBacklog } from '../../../../src/doctor/checks/listen/syn-backlog.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

function findingWith(release: string, cookies: number, limit: number) {
  const facts = factsWith({
    sysctls: { 'net.ipv4.tcp_max_syn_backlog': limit, 'net.ipv4.tcp_syncookies': cookies },
    host: { kernelRelease: known(release, '/proc/sys/kernel/osrelease') },
  })
  return findingOfCheck(listenSynBacklog, facts, { connectsPerSecond: 30_000 })
}

describe('listen/syn-backlog', () => {
  it('is not consulted by a modern kernel with cookies', () => {
    const finding = findingWith('6.18.44', 1, 128)
    expect(finding.status).toBe('ok')
    expect(finding.observed).toContain('does not consult')
  })

  it('counts only three quarters without cookies', () => {
    expect(findingWith('6.18.44', 0, 16_384).status).toBe('warn')
    expect(findingWith('6.18.44', 0, 16_384).fix_now).toBe(
      'sysctl -w net.ipv4.tcp_max_syn_backlog=21846',
    )
    expect(findingWith('6.18.44', 0, 21_846).status).toBe('ok')
  })

  it('limits the queue of a 3.10 kernel', () => {
    expect(findingWith('3.10.0-1160.el7.x86_64', 1, 2_048).status).toBe('warn')
    expect(findingWith('3.10.0-1160.el7.x86_64', 1, 16_384).status).toBe('ok')
  })

  it('is unknown for a release it cannot read', () => {
    expect(findingWith('rolling', 1, 128).status).toBe('unknown')
  })
})
