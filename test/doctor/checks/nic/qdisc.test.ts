import { describe, expect, it } from 'vitest'
import { nicQdisc } from '../../../../src/doctor/checks/nic/qdisc.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import type { QdiscRow } from '../../../../src/doctor/parsers/tc-qdisc.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import { hostWith, interfacesWith, interfaceWith } from '../../host-builder.ts'

function qdisc(kind: string, dropped: number, root = true): QdiscRow {
  return { kind, device: 'eth0', root, dropped, overlimits: 0, requeues: 0 }
}

function factsOf(before: QdiscRow[], after: QdiscRow[], congestion = 'cubic'): Facts {
  return factsWith({
    host: hostWith(4),
    network: interfacesWith(interfaceWith()),
    sysctls: {
      'net.ipv4.tcp_congestion_control': congestion,
      'net.core.default_qdisc': 'fq_codel',
    },
    before: { qdiscs: known(before, 'tc -s qdisc show') },
    after: { qdiscs: known(after, 'tc -s qdisc show') },
  })
}

describe('nic/qdisc', () => {
  it('is ok without drops', () => {
    const rows = [qdisc('fq_codel', 0)]
    expect(findingOfCheck(nicQdisc, factsOf(rows, rows)).status).toBe('ok')
  })

  it('warns of drops now and only informs of old ones', () => {
    const now = factsOf([qdisc('pfifo_fast', 1)], [qdisc('pfifo_fast', 9)])
    const finding = findingOfCheck(nicQdisc, now)
    expect(finding).toMatchObject({ status: 'warn', observed: 'pfifo_fast, 8 dropped now' })
    const rows = [qdisc('pfifo_fast', 9)]
    expect(findingOfCheck(nicQdisc, factsOf(rows, rows)).status).toBe('info')
  })

  it('does not count drops twice that mq repeats from its queues', () => {
    const before = [qdisc('mq', 0), qdisc('fq_codel', 0, false), qdisc('fq_codel', 0, false)]
    const after = [qdisc('mq', 10), qdisc('fq_codel', 4, false), qdisc('fq_codel', 6, false)]
    const finding = findingOfCheck(nicQdisc, factsOf(before, after))
    expect(finding.observed).toContain('10 dropped now')
  })

  it('informs of bbr without fq, and leaves bbr with fq alone', () => {
    const plain = [qdisc('pfifo_fast', 0)]
    const finding = findingOfCheck(nicQdisc, factsOf(plain, plain, 'bbr'))
    expect(finding).toMatchObject({ status: 'info', settings: [] })
    expect(finding.fix_now).toBe('tc qdisc replace dev eth0 root fq')
    const fair = [qdisc('mq', 0), qdisc('fq', 0, false)]
    expect(findingOfCheck(nicQdisc, factsOf(fair, fair, 'bbr')).status).toBe('ok')
  })

  it('is unknown without tc, and when the counter went backwards', () => {
    const facts = factsWith({ host: hostWith(4), network: interfacesWith(interfaceWith()) })
    expect(findingOfCheck(nicQdisc, facts).status).toBe('unknown')
    const reset = factsOf([qdisc('fq', 5)], [qdisc('fq', 0)])
    expect(findingOfCheck(nicQdisc, reset).status).toBe('unknown')
    expect(findingOfCheck(nicQdisc, factsOf([], [])).observed).toContain('no qdisc of eth0')
  })
})
