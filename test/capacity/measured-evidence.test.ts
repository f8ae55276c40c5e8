import { describe, expect, it } from 'vitest'
import { evidenceOf, measuredCosts, proves } from '../../src/capacity/measured-evidence.ts'
import type { RunReport } from '../../src/stats/run-report.ts'
import { SAMPLE_REPORT } from '../report/sample-report.ts'

const reportWith = (changes: Partial<RunReport>) => ({
  source: 'out',
  report: { ...SAMPLE_REPORT, ...changes },
})
const memory = (target_bytes_per_connection: number | null) => ({
  memory: { generator_bytes_per_connection: 1, target_bytes_per_connection },
})
const verdict = (value: 'VALID' | 'SUSPECT' | 'INVALID') => ({ verdict: { value, reasons: [] } })

describe('measured costs', () => {
  it('are the memory of the target, with the report as their source', () => {
    const costs = measuredCosts([reportWith({ ...verdict('VALID'), ...memory(555) })])
    expect(costs).toEqual([{ name: 'process-bytes', value: 555, source: 'out' }])
  })

  it('are none where nothing was measured, or the run does not count', () => {
    expect(measuredCosts([reportWith({ ...verdict('INVALID'), ...memory(555) })])).toEqual([])
    expect(measuredCosts([reportWith(memory(null))])).toEqual([])
    // A heap that shrank while devices connected says nothing of what they cost.
    expect(measuredCosts([reportWith(memory(-40))])).toEqual([])
  })
})

describe('a run', () => {
  const run = {
    source: 'out',
    verdict: 'VALID',
    connections: 1_000,
    deliveriesPerSecond: 500,
    connectsPerSecond: 1,
    crossed: [],
    pushLatencyP99: 1,
  } as const
  const needed = { connections: 1_000, deliveriesPerSecond: 500 }

  it('proves what it carried and no more', () => {
    expect(proves(run, needed)).toBe(true)
    expect(proves(run, { ...needed, connections: 1_001 })).toBe(false)
    expect(proves(run, { ...needed, deliveriesPerSecond: 501 })).toBe(false)
  })

  it('proves nothing where its generator was the limit, or a threshold was crossed', () => {
    expect(proves({ ...run, verdict: 'SUSPECT' }, needed)).toBe(false)
    expect(proves({ ...run, crossed: ['push_latency:p99<1ms'] }, needed)).toBe(false)
  })

  it('is told by its report', () => {
    const evidence = evidenceOf(
      reportWith({
        thresholds: [
          { expression: 'a', observed: 2, limit: 1, held: false },
          { expression: 'b', observed: 1, limit: 2, held: true },
        ],
      }),
    )
    const { connections, messages, metrics } = SAMPLE_REPORT
    expect(evidence).toMatchObject({
      source: 'out',
      connections: connections.alive_at_end,
      deliveriesPerSecond: messages.received_per_second,
      crossed: ['a'],
      pushLatencyP99: metrics.push_latency?.response.p99 ?? null,
    })
  })
})
