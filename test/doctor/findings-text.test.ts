import { describe, expect, it } from 'vitest'
import { listenSomaxconn } from '../../src/doctor/checks/listen/somaxconn.ts'
import { listenSyncookies } from '../../src/doctor/checks/listen/syncookies.ts'
import { known } from '../../src/doctor/fact.ts'
import { explainText, findingsText, listText } from '../../src/doctor/findings-text.ts'
import { runChecks } from '../../src/doctor/run-checks.ts'
import { factsWith, targetWith } from './facts-builder.ts'

const CHECKS = [listenSyncookies, listenSomaxconn]
const PLAIN = { color: false, columns: 80, all: false, machine: null }

function textFor(sysctls: Record<string, number>, name = 'push-1', options = PLAIN): string {
  const facts = factsWith({
    sysctls,
    host: { hostname: known(name, '/proc'), kernelRelease: known('6.18.44', '/proc') },
  })
  const target = targetWith({ connectsPerSecond: 30_000 })
  return findingsText(runChecks(facts, target, CHECKS), facts, target, options)
}

describe('the text of findings', () => {
  it('puts the worst first, counts what is fine and lists what is unknown', () => {
    expect(textFor({ 'net.core.somaxconn': 128 })).toMatchInlineSnapshot(`
      "push-1 (Linux 6.18.44), counters over 5.0 s
      for a server: 10,000 connections, 30,000 connects/s, 1,000 messages/s of 256
        bytes

      1 critical · 0 warn · 1 unknown · 0 info · 0 ok

      critical  listen/somaxconn   128, full after 4 ms at 30,000 connects/s
      unknown   listen/syncookies  was not read

      critical listen/somaxconn: Cap on accept queues
        observed  128, full after 4 ms at 30,000 connects/s
        needed    ≥ 16,384 (30,000 connects/s × 0.5 s ÷ 1 listener, to a power of two,
                  4,096 to 65,535)
        why       listen() keeps the smaller of the backlog the program asked for and
                  net.core.somaxconn, and that one number caps the accept queue and
                  the SYN queue. Connections that arrive while the event loop is
                  blocked pile up there.
        fix now   sysctl -w net.core.somaxconn=16384
        for good  /etc/sysctl.d/90-pushctl.conf: net.core.somaxconn = 16384
        evidence  /proc/sys/net/core/somaxconn: 128

      --explain CHECK teaches one; --write DIR makes files of the fixes
      "
    `)
  })

  it('says nothing more when all is well', () => {
    const text = textFor({ 'net.core.somaxconn': 65_535, 'net.ipv4.tcp_syncookies': 1 })
    expect(text.split('\n').slice(4)).toEqual([
      '0 critical · 0 warn · 0 unknown · 0 info · 2 ok',
      '',
      '--all lists the 2 that are fine or worth knowing',
      '',
    ])
  })

  it('lists every finding with --all, and evidence and source of each alarm', () => {
    const sysctls = { 'net.core.somaxconn': 128, 'net.ipv4.tcp_syncookies': 1 }
    const text = textFor(sysctls, 'push-1', { ...PLAIN, all: true })
    expect(text).toContain('ok        listen/syncookies')
    expect(text).toContain('source    net/socket.c')
    expect(textFor(sysctls)).not.toContain('source    net/socket.c')
  })

  it('says once why several checks are unknown', () => {
    expect(textFor({})).toContain('unknown   2 checks  was not read (listen/*)\n')
  })

  it('cuts a long list of warnings to one screen, and says how many it left out', () => {
    const [warning] = runChecks(
      factsWith({ sysctls: { 'net.core.somaxconn': 2_000 } }),
      targetWith(),
      [listenSomaxconn],
    )
    const many = Array.from({ length: 40 }, (_, index) => ({ ...warning!, subject: `:${index}` }))
    const lines = findingsText(many, factsWith(), targetWith(), PLAIN).split('\n')
    expect(lines.filter((line) => line.startsWith('warn      '))).toHaveLength(13)
    expect(lines).toContainEqual(expect.stringMatching(/^warn {6}28 more +--all lists them$/))
  })

  it('lets no control character of the host reach the terminal', () => {
    const text = textFor({}, 'evil\u001b[2J\u0007')
    expect(text).not.toContain('\u001b')
    expect(text).toContain('evil [2J')
  })

  it('colours by severity only when asked', () => {
    const text = textFor({ 'net.core.somaxconn': 128 }, 'push-1', { ...PLAIN, color: true })
    expect(text).toContain('\u001b[31m')
  })

  it('explains and lists checks', () => {
    expect(explainText(listenSyncookies, 80)).toContain('Source: Documentation/networking')
    expect(listText(CHECKS)).toBe(
      'listen/syncookies  SYN cookies\nlisten/somaxconn   Cap on accept queues',
    )
  })
})
