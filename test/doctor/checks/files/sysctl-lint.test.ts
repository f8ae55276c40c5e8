import { describe, expect, it } from 'vitest'
import { filesSysctlLint } from '../../../../src/doctor/checks/files/sysctl-lint.ts'
import { unknown } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck, findingsOf } from '../../facts-builder.ts'
import { lintedFacts } from '../../sysctl-lint/lint-builder.ts'

/** A file as guides still print it, one line for each of the twenty that a file can hold. */
const GUIDE = `
# one million connections, each line very very important
net.ipv4.tcp_tw_recycle = 1
net.ipv4.tcp_timestamps = 0
net.ipv4.tcp_max_tw_buckets = 20000
net.ipv4.tcp_fin_timeout = 10
net.ipv4.tcp_mem = 16777216 16777216 16777216
net.ipv4.tcp_rmem = 1024 4096 16384
net.core.netdev_max_backlog = 1000000
fs.file-max = 65535
fs.nr_open = 1000000000
net.ipv4.ip_local_port_range = 1000 65535
net.ipv4.tcp_abort_on_overflow = 1
net.ipv4.tcp_slow_start_after_idle = 0
net.ipv4.tcp_congestion_control = bbr
net.netfilter.nf_conntrack_max = 1000000
net.netfilter.nf_conntrack_tcp_timeout_established = 60
net.ipv4.tcp_low_latency = 1
net.ipv4.tcp_fack = 1
net.core.rmem_default = 262144000
net.ipv4.tcp_rto_min_us = 3000000
`

describe('files/sysctl-lint', () => {
  it('is one ok finding where files hold nothing odd and are in force', () => {
    const facts = lintedFacts({ files: 'net.core.somaxconn = 16384\nvm.swappiness = 10' })
    expect(findingOfCheck(filesSysctlLint, facts)).toMatchObject({
      status: 'ok',
      observed: '2 settings in 1 file, all in force, none of them folklore',
    })
  })

  it('finds every line of a guide, with a reason and the line to delete', () => {
    const facts = lintedFacts({
      files: GUIDE,
      live: {
        'net.ipv4.tcp_ehash_entries': 262_144,
        'net.netfilter.nf_conntrack_buckets': 65_536,
      },
      missing: ['net.ipv4.tcp_tw_recycle'],
    })
    const findings = findingsOf(filesSysctlLint, facts)
    const named = new Set(findings.map(({ subject }) => subject))
    const written = [...GUIDE.matchAll(/^([a-z][\w.-]+) =/gm)].map(([, key]) => key!)
    expect(written.filter((key) => !named.has(key))).toEqual(['net.ipv4.tcp_congestion_control'])
    for (const { status, why, fix_for_good } of findings) {
      expect(['warn', 'info']).toContain(status)
      expect(why.length).toBeGreaterThan(60)
      expect(fix_for_good).toContain('/etc/sysctl.d/99-tuning.conf line')
    }
  })

  it('proposes no settings: the cure is to delete a line', () => {
    const findings = findingsOf(filesSysctlLint, lintedFacts({ files: GUIDE }))
    expect(findings.flatMap(({ settings }) => settings)).toEqual([])
  })

  it('is unknown where files cannot be read, and still tells what is in force', () => {
    const facts = {
      ...lintedFacts({ live: { 'net.core.netdev_max_backlog': 1_000_000 } }),
      sysctlFiles: unknown('no folder of sysctl.d could be read', '/etc/sysctl.d'),
    }
    const findings = findingsOf(filesSysctlLint, facts)
    expect(findings.map(({ status }) => status)).toEqual(['unknown', 'info'])
    expect(findingOfCheck(filesSysctlLint, factsWith()).status).toBe('unknown')
  })

  it('is unknown in a container for network settings of the files, never ok', () => {
    const facts = lintedFacts({ files: 'net.core.somaxconn = 65535', namespace: 'child' })
    const finding = findingOfCheck(filesSysctlLint, facts)
    expect(finding.status).toBe('unknown')
    expect(finding.observed).toContain('a network namespace of its own')
  })

  it('stays ok in a container for settings that have no namespace', () => {
    const facts = lintedFacts({ files: 'vm.swappiness = 10', namespace: 'child' })
    expect(findingOfCheck(filesSysctlLint, facts).status).toBe('ok')
  })
})
