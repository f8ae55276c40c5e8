import { describe, expect, it } from 'vitest'
import { listenBacklog } from '../../../../src/doctor/checks/listen/backlog.ts'
import { factsWith, findingOfCheck, findingsOf } from '../../facts-builder.ts'
import { listenersFact, listenerWith } from '../../socket-rows.ts'

const SOMAXCONN = { 'net.core.somaxconn': 4_096 }

describe('listen/backlog', () => {
  it('is ok when every queue holds the target', () => {
    const facts = factsWith({ sysctls: SOMAXCONN, sample: listenersFact(listenerWith()) })
    expect(findingOfCheck(listenBacklog, facts).status).toBe('ok')
  })

  it('names the listener, its program and what clipped it', () => {
    const facts = factsWith({
      sysctls: SOMAXCONN,
      sample: listenersFact(
        listenerWith({ backlog: 511 }),
        listenerWith({ address: '::', port: 8443, backlog: 4_096, inode: 2 }),
      ),
    })
    const findings = findingsOf(listenBacklog, facts, { connectsPerSecond: 30_000 })
    expect(findings.map(({ subject, status }) => [subject, status])).toEqual([
      ['0.0.0.0:8080', 'warn'],
      ['[::]:8443', 'warn'],
    ])
    expect(findings[0]?.observed).toContain('what the program asked for')
    expect(findings[0]?.evidence[0]).toContain('node (pid 4321)')
    expect(findings[1]?.observed).toContain('clipped by net.core.somaxconn')
  })

  it('takes sshd and loopback for information, unless their port is named', () => {
    const facts = factsWith({
      sysctls: SOMAXCONN,
      sample: listenersFact(listenerWith({ port: 22, backlog: 128 })),
    })
    expect(findingOfCheck(listenBacklog, facts).status).toBe('info')
    expect(findingOfCheck(listenBacklog, facts, { ports: [22] }).status).toBe('warn')
  })

  it('is unknown when the named port does not listen, or ss did not answer', () => {
    const facts = factsWith({ sample: listenersFact(listenerWith()) })
    expect(findingOfCheck(listenBacklog, facts, { ports: [9_999] }).status).toBe('unknown')
    expect(findingOfCheck(listenBacklog, factsWith()).status).toBe('unknown')
  })
})
