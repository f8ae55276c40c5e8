import { describe, expect, it } from 'vitest'
import { known } from '../../../src/doctor/fact.ts'
import { limitFolklore } from '../../../src/doctor/sysctl-lint/limit-folklore.ts'
import type { Target } from '../../../src/doctor/target.ts'
import { processWith } from '../facts-builder.ts'
import { hitNames, type LintedHost, lintHits } from './lint-builder.ts'

const names = (options: LintedHost, target: Partial<Target> = {}) =>
  hitNames(lintHits(limitFolklore, options, target))

const limitedTo = (soft: number, unitLimit: number | null = null) => ({
  processes: [
    processWith({
      limits: known({ 'Max open files': { soft, hard: soft } }, '/proc/4321/limits'),
      unit: known(
        { name: 'push.service', limitNofile: unitLimit, memoryMaxBytes: null },
        'systemctl show',
      ),
    }),
  ],
})

describe('folklore about limits', () => {
  it('10: fs.file-max below a tenth of memory', () => {
    const key = 'fs.file-max'
    expect(names({ files: `${key} = 65535` })).toEqual([`${key} warn`])
    expect(names({ files: `${key} = 1000000` })).toEqual([`${key} warn`])
    expect(names({ live: { [key]: 2_466_170 } })).toEqual([])
  })

  it('11: a billion descriptors in a file, and in force as information', () => {
    const key = 'fs.nr_open'
    expect(names({ files: `${key} = 1000000000` })).toEqual([`${key} warn`])
    expect(names({ live: { [key]: 1_073_741_816 } })).toEqual([`${key} info`])
    expect(names({ live: { [key]: 1_048_576 } })).toEqual([])
  })

  it('11: a unit or a process without any limit of descriptors', () => {
    const subject = 'LimitNOFILE of node (pid 4321)'
    expect(names({ rest: limitedTo(Number.POSITIVE_INFINITY) })).toEqual([`${subject} warn`])
    expect(names({ rest: limitedTo(1_024, Number.POSITIVE_INFINITY) })).toEqual([`${subject} warn`])
    expect(names({ rest: limitedTo(1_048_576, 1_048_576) })).toEqual([])
  })

  it('12: a port range from below 1024, or widened on a server that dials nobody', () => {
    const key = 'net.ipv4.ip_local_port_range'
    expect(names({ files: `${key} = 1000 65535` })).toEqual([`${key} warn`])
    expect(names({ files: `${key} = 1024 65535` })).toEqual([`${key} info`])
    expect(names({ files: `${key} = 1024 65535` }, { role: 'loadgen' })).toEqual([])
    expect(names({ files: `${key} = 1000 65535` }, { role: 'loadgen' })).toEqual([`${key} warn`])
    expect(names({ live: { [key]: '32768 60999' } })).toEqual([])
  })

  it('17: nf_conntrack_max over four times the buckets, told once', () => {
    const key = 'net.netfilter.nf_conntrack_max'
    const buckets = { 'net.netfilter.nf_conntrack_buckets': 65_536 }
    const both = { [key]: 262_145, 'net.nf_conntrack_max': 262_145 }
    expect(names({ live: { ...buckets, ...both } })).toEqual([`${key} warn`])
    expect(names({ live: { ...buckets, [key]: 262_144 } })).toEqual([])
    expect(names({ files: 'net.nf_conntrack_max = 1000000', live: buckets })).toEqual([
      'net.nf_conntrack_max warn',
    ])
    const raised = `${key} = 1000000\nnet.netfilter.nf_conntrack_buckets = 1000000`
    expect(names({ files: raised })).toEqual([])
  })

  it('17: says nothing of a table whose buckets it cannot see', () => {
    expect(names({ files: 'net.netfilter.nf_conntrack_max = 1000000' })).toEqual([])
  })

  it('17: an established timeout below the heartbeat, or of minutes without one', () => {
    const key = 'net.netfilter.nf_conntrack_tcp_timeout_established'
    const seconds = (value: number) => ({ files: `${key} = ${value}` })
    expect(names(seconds(239), { heartbeatSeconds: 240 })).toEqual([`${key} warn`])
    expect(names(seconds(240), { heartbeatSeconds: 240 })).toEqual([])
    expect(names(seconds(600))).toEqual([`${key} warn`])
    expect(names(seconds(7_200))).toEqual([])
  })
})
