import { describe, expect, it } from 'vitest'
import { CARRIER, SESSION_PHASE, SessionTable } from '../../src/server/session-table.ts'

const idOf = (table: SessionTable, slot: number) =>
  Buffer.from(table.deviceIdOf(slot)).toString('utf8')

function join(table: SessionTable, slot: number, id: string): void {
  const bytes = Buffer.from(`..${id}..`)
  table.begin(slot, SESSION_PHASE.AWAITING_HELLO, CARRIER.TCP, 5)
  table.setDevice(slot, bytes, 2, bytes.length - 2)
  table.setJoined(slot, 7, 9)
}

describe('the session table', () => {
  it('takes a session from its first byte to its end', () => {
    const table = new SessionTable(4)
    table.begin(2, SESSION_PHASE.UPGRADING, CARRIER.WS_JSON, 11)
    expect([table.isFree(2), table.isJoined(2), table.hasDevice(2)]).toEqual([false, false, false])
    table.setDevice(2, Buffer.from('phone'), 0, 5)
    expect([table.phaseOf[2], table.hasDevice(2), table.joinedCount]).toEqual([
      SESSION_PHASE.JOINING,
      true,
      0,
    ])
    table.setJoined(2, 7, 12)
    expect([table.isJoined(2), table.joinedCount, idOf(table, 2)]).toEqual([true, 1, 'phone'])
    expect([table.sessionIds[2], table.lastSeenTicks[2], table.joinedTicks[2]]).toEqual([7, 11, 12])
    table.end(2)
    expect([table.isFree(2), table.hasDevice(2), table.joinedCount]).toEqual([true, false, 0])
  })

  it('keeps ids of 1 to 128 bytes apart, through many sessions', () => {
    const table = new SessionTable(128)
    for (let round = 0; round < 3; round++) {
      for (let slot = 0; slot < 128; slot++) join(table, slot, `${round}${'x'.repeat(slot)}`)
      for (let slot = 0; slot < 128; slot++) {
        expect(idOf(table, slot)).toBe(`${round}${'x'.repeat(slot)}`)
        if (slot % 2 === round % 2) table.end(slot)
      }
      for (let slot = 0; slot < 128; slot++) {
        if (!table.isFree(slot)) expect(idOf(table, slot)).toBe(`${round}${'x'.repeat(slot)}`)
        table.end(slot)
      }
    }
    expect(table.joinedCount).toBe(0)
  })

  it('leaves nothing of an unfinished message to the next user of the row', () => {
    const table = new SessionTable(1)
    table.begin(0, SESSION_PHASE.AWAITING_HELLO, CARRIER.WS_BINARY, 1)
    table.assembledBytes[0] = 99
    table.fragmentOpcodes[0] = 2
    table.end(0)
    expect([table.assembledBytes[0], table.fragmentOpcodes[0]]).toEqual([0, 0])
  })

  it('says up to where rows were ever used', () => {
    const table = new SessionTable(100)
    expect(table.usedEnd).toBe(0)
    table.begin(41, SESSION_PHASE.AWAITING_HELLO, CARRIER.TCP, 1)
    table.begin(3, SESSION_PHASE.AWAITING_HELLO, CARRIER.TCP, 1)
    table.end(41)
    expect(table.usedEnd).toBe(42)
  })
})
