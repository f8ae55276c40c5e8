import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConnectionChurn } from '../../src/loadgen/connection-churn.ts'
import { connectionAt, type EventShare } from '../../src/loadgen/event-share.ts'
import type { SteadyStage } from '../../src/loadgen/shard-messages.ts'
import type { Churn, Lifetime } from '../../src/loadgen/turnover.ts'
import { nowUs } from '../../src/stats/clock.ts'

const STAGE_US = 10e6

/** The part of the stage that is over when it starts: due at once, whatever the clock does. */
const DUE_US = 9e6

function overdueStage(): SteadyStage {
  const endUs = nowUs() + 1e6
  const startUs = endUs - STAGE_US
  const measureFromUs = startUs + 2e6
  return { startUs, measureFromUs, endUs, arrivals: null, broadcasts: null, turnover: null }
}

function run(share: EventShare, lifetime: Lifetime, isUp = true) {
  const churn: Churn = { kind: 'churn', perSecond: 40, lifetime, seed: 5 }
  const ended: { connection: number; dueUs: number }[] = []
  const stage = overdueStage()
  const part = new ConnectionChurn(share, stage, churn, (row, dueUs) => {
    ended.push({ connection: connectionAt(share, row), dueUs })
    return isUp
  })
  part.start()
  part.stop()
  const lastUs = stage.startUs + DUE_US + 1
  return { ended: ended.filter(({ dueUs }) => dueUs < lastUs), counts: part.counts(lastUs), stage }
}

describe('churn', () => {
  it('of constant lifetimes ends all connections in turn, over any number of shards', () => {
    const counts = fc.record({
      connections: fc.integer({ min: 1, max: 60 }),
      shards: fc.integer({ min: 1, max: 6 }),
    })
    fc.assert(
      fc.property(counts, ({ connections, shards }) => {
        const all = Array.from({ length: Math.min(shards, connections) }, (_, shard) =>
          run({ connections, shard, shards: Math.min(shards, connections) }, 'constant'),
        ).flatMap(({ ended, stage }) =>
          ended.map(({ connection, dueUs }) => ({ connection, atUs: dueUs - stage.startUs })),
        )
        // 40 a second for the 9 seconds that are due to every shard, the ends of both included.
        const inOrder = all.toSorted((a, b) => a.atUs - b.atUs)
        expect(inOrder).toHaveLength(361)
        for (const [index, { connection, atUs }] of inOrder.entries()) {
          expect(connection).toBe(index % connections)
          expect(Math.abs(atUs - index * 25_000)).toBeLessThan(1)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('of exponential lifetimes is repeated by its seed and chooses among all', () => {
    const share = { connections: 30, shard: 0, shards: 1 }
    const connections = run(share, 'exponential').ended.map(({ connection }) => connection)
    expect(run(share, 'exponential').ended.map(({ connection }) => connection)).toEqual(connections)
    expect(new Set(connections).size).toBe(30)
    // A Poisson process of mean 360 stays within five standard deviations.
    expect(Math.abs(connections.length - 360)).toBeLessThan(95)
  })

  it.each(['constant', 'exponential'] as const)('counts what it planned (%s)', (lifetime) => {
    const share = { connections: 30, shard: 0, shards: 1 }
    const { ended, counts, stage } = run(share, lifetime)
    const measured = ended.filter(({ dueUs }) => dueUs >= stage.measureFromUs).length
    expect(counts).toMatchObject({ planned: measured, unsent: 0, unsendable: 0 })
    // What came due meanwhile was done too.
    expect(counts.sent).toBeGreaterThanOrEqual(measured)
    expect(counts.late).toBeGreaterThan(0)
  })

  it('counts connections that are away as such, and not as unsent', () => {
    const share = { connections: 30, shard: 0, shards: 1 }
    const { counts } = run(share, 'constant', false)
    expect(counts).toMatchObject({ sent: 0, unsent: 0 })
    expect(counts.planned).toBeGreaterThan(0)
    expect(counts.unsendable).toBeGreaterThanOrEqual(counts.planned)
  })
})
