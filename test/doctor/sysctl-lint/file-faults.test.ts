import { describe, expect, it } from 'vitest'
import { unknown } from '../../../src/doctor/fact.ts'
import { assignmentTable } from '../../../src/doctor/sysctl-lint/assignments.ts'
import { fileFaults } from '../../../src/doctor/sysctl-lint/file-faults.ts'
import { targetWith } from '../facts-builder.ts'
import { hitNames, type LintedHost, lintedFacts, lintHits } from './lint-builder.ts'

const names = (options: LintedHost) => hitNames(lintHits(fileFaults, options))

describe('lines that do not do what they say', () => {
  it('name a key this kernel lacks, and leave it alone where the line allows that', () => {
    const key = 'net.ipv4.tcp_child_ehash_entries'
    expect(names({ files: `${key} = 64`, missing: [key] })).toEqual([`${key} warn`])
    expect(names({ files: `-${key} = 64`, missing: [key] })).toEqual([])
    expect(names({ files: `${key} = 64` })).toEqual([])
  })

  it('tell what was meant by a typing error or an old name, even after a dash', () => {
    const typo = 'net.ipv4.tcp_max_sync_backlog'
    const [hit] = lintHits(fileFaults, { files: `-${typo} = 16384`, missing: [typo] })
    expect(hit).toMatchObject({ subject: typo, status: 'warn' })
    expect(hit?.observed).toContain('tcp_max_syn_backlog')
    const old = 'net.ipv4.netfilter.ip_conntrack_max'
    const [renamed] = lintHits(fileFaults, { files: `${old} = 1000000`, missing: [old] })
    expect(renamed?.observed).toContain('net.netfilter.nf_conntrack_max')
  })

  it('think of a module where the whole folder is missing', () => {
    const key = 'net.bridge.bridge-nf-call-iptables'
    const [hit] = lintHits(fileFaults, { files: `${key} = 1`, missing: [key] })
    expect(hit).toMatchObject({ status: 'info', observed: expect.stringContaining('module') })
  })

  it('do not call a key missing that a container cannot see, or that could not be read', () => {
    const key = 'net.ipv4.tcp_mem'
    const hidden = { files: `${key} = 1 2 3`, missing: [key], namespace: 'child' as const }
    expect(names(hidden)).toEqual([])
    const facts = lintedFacts({ files: 'net.ipv4.tcp_syncookies = 1' })
    const denied = unknown('permission denied', '/proc/sys/net/ipv4/tcp_syncookies')
    const closed = { ...facts, sysctls: { ...facts.sysctls, 'net.ipv4.tcp_syncookies': denied } }
    const hits = fileFaults({
      facts: closed,
      target: targetWith(),
      assignments: assignmentTable(closed),
    })
    expect(hits).toEqual([])
  })

  it('name a value that is not in force', () => {
    const key = 'net.core.somaxconn'
    const [hit] = lintHits(fileFaults, { files: `${key} = 65535`, live: { [key]: 4_096 } })
    expect(hit).toMatchObject({ subject: key, status: 'warn' })
    expect(hit?.observed).toBe(
      'net.core.somaxconn is 4096, though /etc/sysctl.d/99-tuning.conf says 65535',
    )
    expect(names({ files: `${key} = 65535` })).toEqual([])
    const vendor = { '/usr/lib/sysctl.d/50-default.conf': `${key} = 65535` }
    expect(names({ files: vendor, live: { [key]: 4_096 } })).toEqual([`${key} info`])
  })

  it('compare values as the kernel does: blanks, hex, rounding, lists of ports', () => {
    const same: readonly [string, string, string][] = [
      ['net.ipv4.tcp_rmem', '4096\t131072   6291456', '4096 131072 6291456'],
      ['net.ipv4.tcp_fastopen', '0x3', '3'],
      ['net.core.rps_sock_flow_entries', '30000', '32768'],
      ['net.ipv4.ip_local_reserved_ports', '9000,8081,8080', '8080-8081,9000'],
    ]
    for (const [key, written, live] of same) {
      expect(names({ files: `${key} = ${written}`, live: { [key]: live } })).toEqual([])
    }
    const different: readonly [string, string, string][] = [
      ['net.core.rps_sock_flow_entries', '30000', '0'],
      ['net.core.rps_sock_flow_entries', '30000', '65536'],
      ['net.ipv4.ip_local_reserved_ports', '8080', '8800'],
      ['net.ipv4.ip_local_reserved_ports', 'all', ''],
    ]
    for (const [key, written, live] of different) {
      expect(names({ files: `${key} = ${written}`, live: { [key]: live } })).toEqual([
        `${key} warn`,
      ])
    }
  })

  it('compare nothing of the network in a child namespace, but what has no namespace', () => {
    const files = 'net.core.somaxconn = 65535\nvm.swappiness = 10'
    const live = { 'net.core.somaxconn': 4_096, 'vm.swappiness': 60 }
    expect(names({ files, live, namespace: 'child' })).toEqual(['vm.swappiness warn'])
  })

  it('name one key with two values of the administrator, not a default that is overruled', () => {
    const key = 'vm.swappiness'
    const twice = {
      '/etc/sysctl.d/10-a.conf': `${key} = 1`,
      '/etc/sysctl.d/20-b.conf': `${key} = 10`,
    }
    const [hit] = lintHits(fileFaults, { files: twice })
    expect(hit).toMatchObject({ subject: key, status: 'info' })
    expect(hit?.fixForGood).toContain('/etc/sysctl.d/10-a.conf line 1')
    const overruled = {
      '/usr/lib/sysctl.d/50-default.conf': `${key} = 60`,
      '/etc/sysctl.d/20-b.conf': `${key} = 10`,
    }
    expect(names({ files: overruled })).toEqual([])
    expect(names({ files: `${key} = 10\n${key} = 10` })).toEqual([])
  })
})
