import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RowQueue } from '../../src/loadgen/row-queue.ts'

describe('a row queue', () => {
  it('gives rows in the order in which they came, as an array would', () => {
    const steps = fc.array(fc.option(fc.nat(7), { nil: 'shift' as const }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (list) => {
        const queue = new RowQueue(8)
        const model: number[] = []
        for (const step of list) {
          if (step === 'shift') {
            if (model.length === 0) continue
            expect(queue.peek()).toBe(model.shift())
            queue.shift()
          } else if (!model.includes(step)) {
            queue.push(step)
            model.push(step)
          }
          expect(queue.count).toBe(model.length)
        }
      }),
    )
  })

  it('refuses more rows than there are, and forgets all at once', () => {
    const queue = new RowQueue(2)
    queue.push(0)
    queue.push(1)
    expect(() => queue.push(0)).toThrow('a row queue of 2 rows is full')
    queue.clear()
    queue.push(1)
    expect([queue.count, queue.peek()]).toEqual([1, 1])
  })
})
