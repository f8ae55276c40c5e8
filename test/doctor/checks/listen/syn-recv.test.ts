import { describe, expect, it } from 'vitest'
import { listenSynRecv } from '../../../../src/doctor/checks/listen/syn-recv.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import { listenersFact, listenerWith, transientFact } from '../../socket-rows.ts'

function factsWithHandshakes(count: number, counters = {}, details = '') {
  return factsWith({
    counters: { 'TcpExt.TCPReqQFullDrop': 0, 'TcpExt.TCPReqQFullDoCookies': 0, ...counters },
    sysctls: { 'net.ipv4.tcp_synack_retries': 5 },
    sample: {
      ...listenersFact(listenerWith({ backlog: 1_000 })),
      ...transientFact('SYN-RECV', count, { details }),
    },
  })
}

describe('listen/syn-recv', () => {
  it.each([
    [100, 'ok'],
    [500, 'warn'],
    [900, 'critical'],
  ])('judges %i handshakes at a backlog of 1,000 as %s', (count, status) => {
    expect(findingOfCheck(listenSynRecv, factsWithHandshakes(count)).status).toBe(status)
  })

  it('is critical when SYNs are dropped now and warns of cookies', () => {
    const dropped = factsWithHandshakes(0, { 'TcpExt.TCPReqQFullDrop': [0, 12] })
    expect(findingOfCheck(listenSynRecv, dropped)).toMatchObject({
      status: 'critical',
      observed: '0 handshakes in progress, 12 SYNs dropped at a full queue',
    })
    const cookies = factsWithHandshakes(0, { 'TcpExt.TCPReqQFullDoCookies': [0, 12] })
    expect(findingOfCheck(listenSynRecv, cookies).status).toBe('warn')
  })

  it('shortens the life of handshakes only when many are being repeated', () => {
    const repeated = factsWithHandshakes(600, {}, 'timer:(on,3.2sec,4)')
    expect(findingOfCheck(listenSynRecv, repeated).settings).toMatchObject([
      { key: 'net.ipv4.tcp_synack_retries', value: '3' },
    ])
    const young = factsWithHandshakes(600, {}, 'timer:(on,800ms,0)')
    expect(findingOfCheck(listenSynRecv, young).settings).toEqual([])
  })
})
