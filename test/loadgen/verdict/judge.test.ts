import { describe, expect, it } from 'vitest'
import { judge } from '../../../src/loadgen/verdict/judge.ts'
import type { VerdictFacts } from '../../../src/loadgen/verdict/verdict-facts.ts'

const healthy: VerdictFacts = {
  planned: 10_000,
  late: 0,
  unsent: 0,
  loopLagUsP99: 2_000,
  gcPauseUsMax: 4_000,
  threads: [
    { name: 'shard 0', cpuShare: 0.4, waitShare: 0.01 },
    { name: 'the publisher', cpuShare: null, waitShare: null },
  ],
  shards: 2,
  shardsLost: 0,
}

describe('verdict', () => {
  it('is VALID without reasons for a healthy generator', () => {
    expect(judge(healthy)).toEqual({ value: 'VALID', reasons: [] })
  })

  it('is VALID where nothing is known and nothing was sent', () => {
    const unknown = { ...healthy, planned: 0, loopLagUsP99: null, gcPauseUsMax: null, threads: [] }
    expect(judge(unknown).value).toBe('VALID')
  })

  it.each<[string, Partial<VerdictFacts>, 'SUSPECT' | 'INVALID', RegExp]>([
    ['a few late', { late: 150 }, 'SUSPECT', /150 were sent late.*1\.5 %.*lower --rate/],
    ['many unsent', { unsent: 1_500 }, 'INVALID', /1500 not at all \(15 %\)/],
    ['some lag', { loopLagUsP99: 50_000 }, 'SUSPECT', /lagged 50 ms at p99: use more --workers/],
    ['great lag', { loopLagUsP99: 300_000 }, 'INVALID', /lagged 300 ms/],
    ['a long pause', { gcPauseUsMax: 90_000 }, 'SUSPECT', /stood still for 90 ms/],
    ['a very long pause', { gcPauseUsMax: 900_000 }, 'INVALID', /900 ms/],
    ['a busy core', cpu(0.9), 'SUSPECT', /shard 1 used 90 % of its core/],
    ['a full core', cpu(0.99), 'INVALID', /shard 1 used 99 %/],
    ['neighbours', wait(0.2), 'SUSPECT', /shard 1 waited 20 % of the time for a CPU/],
    ['greedy neighbours', wait(0.5), 'INVALID', /another host/],
    ['a lost shard', { shardsLost: 1 }, 'SUSPECT', /1 of 2 generator shards died/],
    ['no shard left', { shardsLost: 2 }, 'INVALID', /2 of 2/],
  ])('doubts %s and says what to change', (_, facts, value, reason) => {
    const verdict = judge({ ...healthy, ...facts })
    expect(verdict.value).toBe(value)
    expect(verdict.reasons).toHaveLength(1)
    expect(verdict.reasons[0]).toMatch(reason)
  })

  it('is the worst doubt and names them all', () => {
    const verdict = judge({ ...healthy, late: 200, loopLagUsP99: 400_000, shardsLost: 1 })
    expect(verdict.value).toBe('INVALID')
    expect(verdict.reasons).toHaveLength(3)
  })
})

function cpu(cpuShare: number): Partial<VerdictFacts> {
  return { threads: [...healthy.threads, { name: 'shard 1', cpuShare, waitShare: 0 }] }
}

function wait(waitShare: number): Partial<VerdictFacts> {
  return { threads: [...healthy.threads, { name: 'shard 1', cpuShare: 0.1, waitShare }] }
}
