import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { softnetMoves, softnetTotal } from '../../src/doctor/softnet-moves.ts'
import { factsWith } from './facts-builder.ts'
import { softnetWith } from './host-builder.ts'

const TOP = 2 ** 32

describe('moves of softnet_stat', () => {
  it('are right across a wrap of each column on its own CPU', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: TOP - 1 }), fc.nat({ max: 1e9 })), {
          minLength: 1,
          maxLength: 8,
        }),
        (cpus) => {
          const facts = factsWith({
            before: { softnet: softnetWith(cpus.map(([start]) => ({ processed: start }))) },
            after: {
              softnet: softnetWith(cpus.map(([start, by]) => ({ processed: (start + by) % TOP }))),
            },
          })
          const total = softnetTotal(facts, 'processed')
          const expected = cpus.reduce((sum, [, by]) => sum + by, 0)
          expect(total).toMatchObject({ known: true, value: { delta: expected } })
        },
      ),
    )
  })

  it('leave out a CPU that came or went between the samples', () => {
    const facts = factsWith({
      before: { softnet: softnetWith([{ dropped: 1 }]) },
      after: { softnet: softnetWith([{ dropped: 3 }, { dropped: 900 }]) },
    })
    expect(softnetMoves(facts, 'dropped')).toMatchObject({
      value: [{ cpu: 0, move: { delta: 2, perSecond: 0.4, basis: 'window' } }],
    })
  })

  it('are totals since boot with one sample, and unknown with none', () => {
    const softnet = softnetWith([{ dropped: 5 }])
    const single = factsWith({ sample: { softnet }, rest: { sampling: 'single', windowMs: 0 } })
    expect(softnetTotal(single, 'dropped')).toMatchObject({ value: { delta: 5, basis: 'boot' } })
    expect(softnetTotal(factsWith(), 'dropped').known).toBe(false)
  })
})
