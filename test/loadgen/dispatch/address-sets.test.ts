import { describe, expect, it } from 'vitest'
import { AddressSets } from '../../../src/loadgen/dispatch/address-sets.ts'

describe('the address set of a device', () => {
  it('has nothing to try before a set is kept', () => {
    expect(new AddressSets(2).targetOf(1)).toBe(-1)
  })

  it('tries the winner of the race first, then the others in turn, then asks again', () => {
    const sets = new AddressSets(2)
    sets.keep(1, [5, 6, 7], 1)
    const tried = [0, 1, 2].map(() => {
      const target = sets.targetOf(1)
      sets.noteFailure(1)
      return target
    })
    expect(tried).toEqual([6, 7, 5])
    expect([sets.targetOf(1), sets.retriedOf(1)]).toEqual([-1, 1])
    expect(sets.targetOf(0)).toBe(-1)
  })

  it('keeps what is good, and counts failures from zero after a welcome', () => {
    const sets = new AddressSets(1)
    sets.keep(0, [5, 6])
    sets.noteFailure(0)
    sets.noteWelcome(0)
    expect(sets.targetOf(0)).toBe(6)
    sets.noteFailure(0)
    expect([sets.targetOf(0), sets.retriedOf(0)]).toEqual([5, 0])
  })

  it('counts the sets that were tried in vain, until a node is good', () => {
    const sets = new AddressSets(1)
    for (let set = 0; set < 3; set++) {
      sets.keep(0, [1])
      sets.noteFailure(0)
    }
    expect(sets.retriedOf(0)).toBe(3)
    sets.keep(0, [1])
    sets.noteWelcome(0)
    expect(sets.retriedOf(0)).toBe(0)
  })

  it('takes the first four of a longer set, and none of an empty one', () => {
    const sets = new AddressSets(1)
    sets.keep(0, [1, 2, 3, 4, 5])
    for (const target of [1, 2, 3, 4]) {
      expect(sets.targetOf(0)).toBe(target)
      sets.noteFailure(0)
    }
    expect(sets.targetOf(0)).toBe(-1)
    sets.keep(0, [])
    sets.noteFailure(0)
    expect(sets.targetOf(0)).toBe(-1)
  })
})
