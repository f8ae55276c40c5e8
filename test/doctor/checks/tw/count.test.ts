import { describe, expect, it } from 'vitest'
import { twCount } from '../../../../src/doctor/checks/tw/count.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import { countTimeWait } from '../../../../src/doctor/parsers/time-wait-census.ts'
import { factsWith, findingOfCheck, sockstatWith } from '../../facts-builder.ts'
import { socketWith } from '../../socket-rows.ts'

const SYSCTLS = {
  'net.ipv4.ip_local_port_range': '32768 60999',
  'net.ipv4.ip_local_reserved_ports': '',
}

function factsWithTimeWait(timeWait: number) {
  return factsWith({ sysctls: SYSCTLS, sample: { sockstat: sockstatWith({ timeWait }) } })
}

describe('tw/count', () => {
  it('never alarms a server', () => {
    expect(findingOfCheck(twCount, factsWithTimeWait(500_000)).status).toBe('info')
    expect(findingOfCheck(twCount, factsWithTimeWait(0)).status).toBe('ok')
  })

  it.each([
    [10_000, 'info'],
    [14_116, 'warn'],
    [23_998, 'critical'],
  ])('judges %i in TIME_WAIT on a generator with 28,232 pairs as %s', (timeWait, status) => {
    const finding = findingOfCheck(twCount, factsWithTimeWait(timeWait), { role: 'loadgen' })
    expect(finding.status).toBe(status)
  })

  it('counts more destinations as more pairs, unless addresses are bound without a port', () => {
    const facts = factsWithTimeWait(24_000)
    const target = { role: 'loadgen', destinations: 4 } as const
    expect(findingOfCheck(twCount, facts, target).status).toBe('info')
    expect(findingOfCheck(twCount, facts, { ...target, bindMode: 'address' }).status).toBe(
      'critical',
    )
  })

  it('tells who is behind them and in which direction', () => {
    const rows = [
      socketWith({ localPort: 8080, peerAddress: '198.51.100.7' }),
      socketWith({ localPort: 8080, peerAddress: '198.51.100.7', peerPort: 2 }),
      socketWith({ localPort: 40_000, peerAddress: '203.0.113.9', peerPort: 6379 }),
    ]
    const facts = factsWith({
      sample: { sockstat: sockstatWith({ timeWait: 3 }) },
      rest: {
        sockets: {
          timeWait: known(countTimeWait(rows, new Set([8080]), false), 'ss'),
          establishedSample: unknown('not asked', 'ss'),
        },
      },
    })
    expect(findingOfCheck(twCount, facts).evidence).toEqual([
      '/proc/net/sockstat: tw 3',
      'ss: 2 came in, 1 went out; this host closed first in all',
      '2 × 198.51.100.7 → local port 8080',
      '1 × this host → 203.0.113.9:6379',
    ])
  })
})
