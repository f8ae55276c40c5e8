import { describe, expect, it } from 'vitest'
import { conntrackTimeouts } from '../../../../src/doctor/checks/conntrack/timeouts.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { factsWith, findingOfCheck, sockstatWith } from '../../facts-builder.ts'

const ESTABLISHED = 'net.netfilter.nf_conntrack_tcp_timeout_established'
const TIME_WAIT = 'net.netfilter.nf_conntrack_tcp_timeout_time_wait'
/** So few closes that TIME_WAIT does not matter. */
const CALM = { connectsPerSecond: 10 }

interface Case {
  readonly established: number
  readonly timeWait?: number
  readonly count?: number
  readonly live?: number
}

function factsOf({ established, timeWait = 120, count = 100, live = 100 }: Case): Facts {
  return factsWith({
    counters: { 'Tcp.CurrEstab': live },
    sysctls: {
      [ESTABLISHED]: established,
      [TIME_WAIT]: timeWait,
      'net.ipv4.tcp_keepalive_time': 7_200,
    },
    sample: {
      conntrackCount: known(count, '/proc/sys/net/netfilter/nf_conntrack_count'),
      sockstat: sockstatWith({ timeWait: 0 }),
    },
  })
}

describe('conntrack/timeouts', () => {
  it('is ok with the default of five days', () => {
    const finding = findingOfCheck(conntrackTimeouts, factsOf({ established: 432_000 }), CALM)
    expect(finding).toMatchObject({ status: 'ok', settings: [] })
  })

  it('is critical below the heartbeat, and ok at it', () => {
    const target = { ...CALM, heartbeatSeconds: 3_000 }
    const short = findingOfCheck(conntrackTimeouts, factsOf({ established: 2_999 }), target)
    expect(short.status).toBe('critical')
    expect(short.fix_now).toBe(`sysctl -w ${ESTABLISHED}=12000`)
    expect(short.needed).toContain('max(7,200, 4 × heartbeat of 3,000 s)')
    const enough = findingOfCheck(conntrackTimeouts, factsOf({ established: 3_000 }), target)
    expect(enough.status).toBe('ok')
  })

  it('only warns where no heartbeat is declared: keepalive may not be in use', () => {
    const finding = findingOfCheck(conntrackTimeouts, factsOf({ established: 600 }), CALM)
    expect(finding.status).toBe('warn')
    expect(finding.fix_now).toBe(`sysctl -w ${ESTABLISHED}=7200`)
  })

  it('informs that most entries belong to vanished peers', () => {
    const facts = factsOf({ established: 432_000, count: 20_000, live: 9_000 })
    const finding = findingOfCheck(conntrackTimeouts, facts, CALM)
    expect(finding).toMatchObject({ status: 'info', settings: [] })
    expect(finding.observed).toContain('vanished')
  })

  it('informs when closed connections outnumber live ones, and shortens their stay', () => {
    const facts = factsOf({ established: 432_000 })
    const finding = findingOfCheck(conntrackTimeouts, facts, {
      connections: 1_000,
      connectsPerSecond: 100,
    })
    expect(finding.status).toBe('info')
    expect(finding.fix_now).toBe(`sysctl -w ${TIME_WAIT}=30`)
    const short = factsOf({ established: 432_000, timeWait: 20 })
    const calm = findingOfCheck(conntrackTimeouts, short, {
      connections: 1_000,
      connectsPerSecond: 100,
    })
    expect(calm.status).toBe('ok')
  })

  it('proposes nothing for a table that tracks nothing', () => {
    const idle = factsOf({ established: 60, count: 0, live: 0 })
    const target = { heartbeatSeconds: 300, connectsPerSecond: 30_000 }
    expect(findingOfCheck(conntrackTimeouts, idle, target)).toMatchObject({
      status: 'info',
      settings: [],
    })
    const notInPath = factsOf({ established: 60, count: 0, live: 50 })
    expect(findingOfCheck(conntrackTimeouts, notInPath, target).status).toBe('ok')
  })

  it('is unknown without its timers', () => {
    const { sysctls: _, ...rest } = factsOf({ established: 1 })
    expect(findingOfCheck(conntrackTimeouts, { ...rest, sysctls: {} }).status).toBe('unknown')
    expect(findingOfCheck(conntrackTimeouts, factsWith()).status).toBe('unknown')
  })
})
