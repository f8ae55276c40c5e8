import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimerWheel } from '../../src/engine/timer-wheel.ts'

const SLOTS = 12
const ALL_SLOTS = Array.from({ length: SLOTS }, (_, i) => i)

/** The same, with a Map. Fires tick by tick; within a tick the order is free. */
class ModelWheel {
  now = 0
  readonly deadlines = new Map<number, number>()

  schedule(slot: number, ticks: number): void {
    this.deadlines.set(slot, this.now + Math.max(1, ticks))
  }

  /** Who must fire when the clock moves by one tick. */
  dueAt(tick: number): number[] {
    return [...this.deadlines].filter(([, at]) => at <= tick).map(([slot]) => slot)
  }
}

const slot = fc.nat({ max: SLOTS - 1 })
const ticks = fc.oneof(fc.nat({ max: 6 }), fc.integer({ min: 500, max: 1600 }))
/** What onDue does when it is called for the first slot: to any slot. */
const reaction = fc.oneof(
  fc.record({ kind: fc.constant('schedule' as const), slot, ticks }),
  fc.record({ kind: fc.constant('cancel' as const), slot }),
)
const command = fc.oneof(
  fc.record({ kind: fc.constant('schedule' as const), slot, ticks }),
  fc.record({ kind: fc.constant('cancel' as const), slot }),
  fc.record({
    kind: fc.constant('advance' as const),
    ticks: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 400, max: 700 })),
    reactions: fc.dictionary(slot.map(String), fc.array(reaction, { minLength: 1, maxLength: 3 }), {
      maxKeys: 4,
    }),
  }),
)

describe('the timer wheel', () => {
  it('fires what a map of deadlines fires, also when onDue schedules and cancels', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        const wheel = new TimerWheel(SLOTS)
        const model = new ModelWheel()
        for (const step of commands) {
          if (step.kind === 'schedule') {
            wheel.schedule(step.slot, step.ticks)
            model.schedule(step.slot, step.ticks)
          } else if (step.kind === 'cancel') {
            wheel.cancel(step.slot)
            model.deadlines.delete(step.slot)
          } else advanceBoth(wheel, model, step.ticks, step.reactions)
          const scheduled = ALL_SLOTS.filter((i) => wheel.isScheduled(i))
          expect(scheduled).toEqual([...model.deadlines.keys()].toSorted((a, b) => a - b))
          expect(wheel.count).toBe(scheduled.length)
        }
      }),
      { numRuns: 80 },
    )
  })

  /** One tick at a time, because only then the model knows who is due when onDue reacts. */
  function advanceBoth(
    wheel: TimerWheel,
    model: ModelWheel,
    count: number,
    reactions: Record<
      string,
      ({ kind: 'schedule'; slot: number; ticks: number } | { kind: 'cancel'; slot: number })[]
    >,
  ): void {
    const used = new Set<number>()
    for (let i = 0; i < count; i++) {
      model.now++
      const due = new Set(model.dueAt(model.now))
      wheel.advance(model.now, (fired) => {
        if (!due.delete(fired)) throw new Error(`${fired} is not due in ${model.now}`)
        model.deadlines.delete(fired)
        if (used.has(fired)) return
        used.add(fired)
        for (const reaction of reactions[fired] ?? []) {
          due.delete(reaction.slot)
          if (reaction.kind === 'schedule') {
            wheel.schedule(reaction.slot, reaction.ticks)
            model.schedule(reaction.slot, reaction.ticks)
          } else {
            wheel.cancel(reaction.slot)
            model.deadlines.delete(reaction.slot)
          }
        }
      })
      if (due.size > 0) throw new Error(`${[...due]} were due in ${model.now}`)
    }
  }

  it('fires each exactly once in one long advance, in the order of their ticks', () => {
    const deadlines = fc.uniqueArray(fc.integer({ min: 1, max: 5_000 }), { maxLength: SLOTS })
    fc.assert(
      fc.property(deadlines, fc.integer({ min: 1, max: 5_000 }), (list, until) => {
        const wheel = new TimerWheel(SLOTS)
        list.forEach((deadline, index) => wheel.schedule(index, deadline))
        const fired: number[] = []
        wheel.advance(until, (index) => fired.push(list[index]!))
        const due = list.filter((deadline) => deadline <= until)
        expect(fired.toSorted((a, b) => a - b)).toEqual(due.toSorted((a, b) => a - b))
        expect(wheel.nowTick).toBe(until)
        expect(wheel.count).toBe(list.length - due.length)
      }),
      { numRuns: 100 },
    )
  })

  it('waits whole rounds for a deadline far away', () => {
    const wheel = new TimerWheel(1)
    wheel.schedule(0, 512 * 3)
    const firedAt: number[] = []
    for (let tick = 1; tick <= 512 * 4; tick++) wheel.advance(tick, () => firedAt.push(tick))
    expect(firedAt).toEqual([512 * 3])
  })

  it('holds more in one bucket than its list has at the start', () => {
    const wheel = new TimerWheel(3_000)
    for (let i = 0; i < 3_000; i++) wheel.schedule(i, 7)
    let fired = 0
    wheel.advance(7, () => fired++)
    expect([fired, wheel.count]).toEqual([3_000, 0])
  })

  it('never goes back', () => {
    const wheel = new TimerWheel(1)
    wheel.advance(10, () => {})
    wheel.schedule(0, 5)
    let fired = 0
    wheel.advance(3, () => fired++)
    expect([wheel.nowTick, fired]).toEqual([10, 0])
  })
})
