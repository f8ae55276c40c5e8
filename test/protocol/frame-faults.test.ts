import { describe, expect, it } from 'vitest'
import { FRAME_FAULTS } from '../../src/protocol/frame-faults.ts'
import { UPGRADE_RESPONSE_FAULTS } from '../../src/protocol/websocket-client-handshake.ts'
import { WEBSOCKET_FAULTS } from '../../src/protocol/websocket-frame.ts'
import { UPGRADE_FAULTS } from '../../src/protocol/websocket-handshake.ts'
import { rowsOf, sectionOf } from './protocol-doc.ts'

describe('faults', () => {
  it('are listed in docs/protocol.md with their meaning, all of them and no other', () => {
    const flat = (faults: Record<string, string | readonly [number, string]>) =>
      Object.entries(faults).map(([name, value]) => [name, [value].flat().map(String)])
    const listed = (heading: string) =>
      rowsOf(sectionOf(heading)).filter(([name]) => name !== 'fault')
    expect(listed('### Frames')).toEqual(flat(FRAME_FAULTS))
    expect(listed('### WebSocket frames')).toEqual(flat(WEBSOCKET_FAULTS))
    expect(listed('### WebSocket upgrade, as the server sees it')).toEqual(flat(UPGRADE_FAULTS))
    expect(listed('### WebSocket upgrade, as a client sees it')).toEqual(
      flat(UPGRADE_RESPONSE_FAULTS),
    )
  })
})
