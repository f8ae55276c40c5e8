import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { adviceFiles } from '../../../src/doctor/advice/advice-files.ts'
import type { AdvicePlan } from '../../../src/doctor/advice/advice-plan.ts'

const TITLE = { target: 'server, 1,000,000 connections', host: 'push-1' }
const NOTHING: AdvicePlan = {
  sysctls: [],
  limits: [],
  sysfs: [],
  commands: [],
  forHost: [],
  leftOut: [],
}
const PLAN: AdvicePlan = {
  ...NOTHING,
  sysctls: [
    {
      key: 'net.core.somaxconn',
      present: '128',
      wanted: '16384',
      mode: 'raise',
      reasons: ['holds what arrives while accepting stalls'],
      checks: ['listen/somaxconn'],
    },
    {
      key: 'net.netfilter.nf_conntrack_max',
      present: '65536',
      wanted: '2375000',
      mode: 'raise',
      reasons: ['flows of the target'],
      checks: ['conntrack/max'],
    },
  ],
  limits: [
    { kind: 'limit', name: 'nofile', value: 1_048_576, unit: 'push.service', reason: 'sockets' },
    { kind: 'limit', name: 'nofile', value: 65_536, unit: null, reason: 'sockets' },
  ],
  sysfs: [
    {
      kind: 'sysfs',
      path: '/sys/class/net/eth0/queues/rx-0/rps_cpus',
      value: 'fe',
      reason: 'one queue for eight CPUs',
    },
  ],
  commands: [
    {
      kind: 'command',
      command: 'ethtool -G eth0 rx 4096',
      undo: 'ethtool -G eth0 rx 512',
      reason: 'ring',
    },
  ],
}

const contentOf = (plan: AdvicePlan, path: string): string =>
  adviceFiles(plan, TITLE).find((file) => file.path === path)?.content ?? ''

describe('files of advice', () => {
  it('are none when there is nothing to change', () => {
    expect(adviceFiles(NOTHING, TITLE)).toEqual([])
  })

  it('give each line its reason and what was there, and the undo what was there', () => {
    expect(contentOf(PLAN, 'sysctl.d/90-pushctl.conf')).toMatchInlineSnapshot(`
      "# Computed by pushctl doctor for push-1: server, 1,000,000 connections.
      # Applied at boot; now: sysctl -p on this file. Listeners and services must be restarted.

      # listen/somaxconn: holds what arrives while accepting stalls. Was 128.
      net.core.somaxconn = 16384

      # conntrack/max: flows of the target. Was 65536.
      -net.netfilter.nf_conntrack_max = 2375000
      "
    `)
    expect(contentOf(PLAN, 'sysctl.d/90-pushctl.undo.conf')).toContain('net.core.somaxconn = 128\n')
  })

  it('write a drop-in for the unit, and limits.conf lines for logins', () => {
    expect(contentOf(PLAN, 'systemd/push.service.d/90-pushctl.conf')).toBe(
      '[Service]\n# sockets\nLimitNOFILE=1048576\n',
    )
    expect(contentOf(PLAN, 'limits.d/90-pushctl.conf')).toContain('* hard nofile 65536\n')
  })

  it('are scripts that a shell can read, with an undo for each change', () => {
    for (const path of ['apply.sh', 'undo.sh']) {
      const script = contentOf(PLAN, path)
      execFileSync('sh', ['-n'], { input: script })
      expect(script).toContain('rps_cpus')
      expect(script).toContain('ethtool -G eth0 rx')
    }
    expect(contentOf(PLAN, 'undo.sh')).toContain('rm -f /etc/sysctl.d/90-pushctl.conf')
  })

  it('let no value of a captured host start a line of its own', () => {
    const [sysctl] = PLAN.sysctls
    const hostile = { ...NOTHING, sysctls: [{ ...sysctl!, present: '1\nkernel.panic = 1' }] }
    const lines = adviceFiles(hostile, TITLE).flatMap(({ content }) => content.split('\n'))
    expect(lines.filter((line) => line.startsWith('kernel.'))).toEqual([])
  })
})
