import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConnectionTable, PHASE, SEND_STATE } from '../../src/engine/connection-table.ts'
import { NO_SLOT } from '../../src/engine/socket-engine.ts'

const CAPACITY = 5

const command = fc.oneof(
  fc.record({ kind: fc.constant('claim' as const), connecting: fc.boolean() }),
  fc.record({ kind: fc.constant('free' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('silence' as const), at: fc.nat() }),
)

describe('the connection table', () => {
  it('gives each row to one user at a time, and counts its users', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const table = new ConnectionTable(CAPACITY)
        const taken: number[] = []
        const generations = new Array<number>(CAPACITY).fill(0)
        const silenced = new Set<number>()
        for (const step of commands) {
          if (step.kind === 'claim') {
            const slot = table.claimSlot(step.connecting ? PHASE.CONNECTING : PHASE.OPEN)
            if (taken.length === CAPACITY) expect(slot).toBe(NO_SLOT)
            else {
              expect(slot).toBeGreaterThanOrEqual(0)
              expect(taken).not.toContain(slot)
              expect(table.isUsable(slot)).toBe(true)
              expect(table.isSilenced(slot)).toBe(false)
              expect(table.sendStateOf[slot]).toBe(SEND_STATE.CLEAR)
              table.sendStateOf[slot] = SEND_STATE.GIVEN_UP
              taken.push(slot)
            }
          } else if (step.kind === 'silence') {
            const slot = step.at % CAPACITY
            table.silence(slot)
            if (taken.includes(slot)) silenced.add(slot)
          } else if (taken.length > 0) {
            const [slot] = taken.splice(step.at % taken.length, 1) as [number]
            silenced.delete(slot)
            table.freeSlot(slot)
            generations[slot]!++
          }
          expect([table.count, table.freeCount]).toEqual([taken.length, CAPACITY - taken.length])
          for (let slot = 0; slot < CAPACITY; slot++) {
            expect(table.generationOf(slot)).toBe(generations[slot])
            expect(table.isUsable(slot)).toBe(taken.includes(slot))
            expect(table.isSilenced(slot)).toBe(silenced.has(slot))
          }
        }
      }),
    )
  })

  it('leaves the generation of a row that nobody saw', () => {
    const table = new ConnectionTable(1)
    const slot = table.claimSlot(PHASE.OPEN)
    table.unclaimSlot(slot)
    expect([table.generationOf(slot), table.count]).toEqual([0, 0])
    expect(table.claimSlot(PHASE.OPEN)).toBe(slot)
    table.freeSlot(slot)
    expect(table.generationOf(slot)).toBe(1)
  })

  it('wraps a generation at 65,536', () => {
    const table = new ConnectionTable(1)
    for (let i = 0; i < 65_536; i++) table.freeSlot(table.claimSlot(PHASE.OPEN))
    expect(table.generationOf(0)).toBe(0)
  })

  it('knows only open and connecting rows as usable', () => {
    const table = new ConnectionTable(1)
    const slot = table.claimSlot(PHASE.OPEN)
    const usable = Object.entries(PHASE).filter(([, phase]) => {
      table.phaseOf[slot] = phase
      return table.isUsable(slot)
    })
    expect(usable.map(([name]) => name)).toEqual(['CONNECTING', 'OPEN'])
  })

  it('answers for rows that do not exist', () => {
    const table = new ConnectionTable(1)
    table.silence(99)
    const answers = [table.isUsable(99), table.isSilenced(99), table.queuedBytesOf(99)]
    expect(answers).toEqual([false, false, 0])
  })
})
