import { describe, expect, it } from 'vitest'
import { listenSomaxconn } from '../../src/doctor/checks/listen/somaxconn.ts'
import { listenSyncookies } from '../../src/doctor/checks/listen/syncookies.ts'
import { known } from '../../src/doctor/fact.ts'
import { explainText, findingsText, listText } from '../../src/doctor/findings-text.ts'
import { runChecks } from '../../src/doctor/run-checks.ts'
import { factsWith, targetWith } from './facts-builder.ts'

const CHECKS = [listenSyncookies, listenSomaxconn]
const PLAIN = { color: false, columns: 80 }

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
      for a server: 10,000 connections, 30,000 connects/s, 1,000 messages/s of 256 bytes

      1 critical · 0 warn · 1 unknown · 0 info · 0 ok

      critical  listen/somaxconn   128, full after 4 ms at 30,000 connects/s
      unknown   listen/syncookies  unknown: was not read

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
        source    net/socket.c __sys_listen, net/ipv4/af_inet.c inet_listen

      More about one: pushctl doctor --explain CHECK
      "
    `)
  })

  it('says nothing more when all is well', () => {
    const text = textFor({ 'net.core.somaxconn': 65_535, 'net.ipv4.tcp_syncookies': 1 })
    expect(text.split('\n').at(-2)).toBe('0 critical · 0 warn · 0 unknown · 0 info · 2 ok')
  })

  it('lets no control character of the host reach the terminal', () => {
    const text = textFor({}, 'evil\u001b[2J\u0007')
    expect(text).not.toContain('\u001b')
    expect(text).toContain('evil [2J')
  })

  it('colours by severity only when asked', () => {
    const text = textFor({ 'net.core.somaxconn': 128 }, 'push-1', { color: true, columns: 80 })
    expect(text).toContain('\u001b[31m')
  })

  it('explains and lists checks', () => {
    expect(explainText(listenSyncookies, 80)).toContain('Source: Documentation/networking')
    expect(listText(CHECKS)).toBe(
      'listen/syncookies  SYN cookies\nlisten/somaxconn   Cap on accept queues',
    )
  })
})
