import { describe, expect, it } from 'vitest'
import { sumCensus, takeCensus } from '../../src/server/session-census.ts'
import { CARRIER, SESSION_PHASE, SessionTable } from '../../src/server/session-table.ts'

describe('the census of sessions', () => {
  it('counts connections by state, and joined devices by carrier', () => {
    const sessions = new SessionTable(16)
    sessions.begin(0, SESSION_PHASE.AWAITING_HELLO, CARRIER.TCP, 0)
    sessions.begin(1, SESSION_PHASE.UPGRADING, CARRIER.WS_JSON, 0)
    for (const [slot, carrier] of [
      [2, CARRIER.TCP],
      [3, CARRIER.TCP],
      [4, CARRIER.WS_BINARY],
      [5, CARRIER.WS_JSON],
    ] as const) {
      sessions.begin(slot, SESSION_PHASE.AWAITING_HELLO, carrier, 0)
      sessions.setJoined(slot, slot, 0)
    }
    sessions.end(5)
    const census = takeCensus(sessions, 7)
    expect(census).toEqual({
      states: { 'proxy-header': 0, upgrading: 1, hello: 1, joining: 0, joined: 3, closing: 2 },
      carriers: { tcp: 2, 'push.v1': 1, 'push.v1.json': 0 },
    })
    expect(sumCensus([census, census])).toMatchObject({
      states: { joined: 6, closing: 4 },
      carriers: { tcp: 4 },
    })
  })
})
