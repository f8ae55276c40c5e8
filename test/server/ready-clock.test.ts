import { describe, expect, it } from 'vitest'
import { ReadyClock } from '../../src/server/ready-clock.ts'

describe('the time in which a node was ready', () => {
  it('counts from the look that found it ready to the first that did not', () => {
    const clock = new ReadyClock(1_000)
    clock.look(false, 2_000)
    clock.look(true, 3_000)
    clock.look(true, 4_000)
    clock.look(false, 5_500)
    clock.look(false, 9_000)
    expect([clock.readySeconds, clock.upSeconds]).toEqual([2.5, 8])
  })
})
