import { describe, expect, it } from 'vitest'
import { IntervalLog } from '../../src/loadgen/interval-log.ts'
import type { HostSample } from '../../src/stats/host-counters.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import type { RecordedRow } from '../../src/stats/run-record.ts'

function encodedOf(...values: number[]): Uint8Array {
  const recorder = new LatencyRecorder()
  for (const value of values) recorder.recordUs(value)
  return recorder.encode()
}

const host = (retransmits: number, time_wait: number): HostSample => ({
  totals: { retransmits, listen_overflows: 0 },
  gauges: { time_wait },
  softnet: null,
  cpu: null,
})

const TOTALS = { phase: 'steady', attempted: 5, established: 5, failed: 0 }

describe('interval log', () => {
  it('turns running totals into rows and merges the latencies of all shards', () => {
    const log = new IntervalLog({ startUs: 1_000_000, host: host(10, 1), plannedMs: 30_000 })
    const first = { ...TOTALS, connections: 5, sent: 10, received: 8, host: host(12, 2) }
    const figures = log.add(2_000_000, {
      ...first,
      latencies: [encodedOf(100, 100), encodedOf(900)],
    })
    expect(figures).toEqual({ sent: 10, received: 8, p50: 100, p99: 900, max: 900 })
    const second = { ...TOTALS, connections: 4, sent: 25, received: 20, host: host(12, 2) }
    log.add(3_000_000, { ...second, latencies: [] })
    const calm = { listen_overflows: 0, softnet_drops: null, cpu_percent: null }
    expect(log.rows).toEqual([
      {
        ...{ at_ms: 1_000, span_ms: 1_000, connections: 5, sent: 10, received: 8 },
        ...{ p50: 100, p99: 900, max: 900, latency: '26:2,,,,,,,,,,,,,1' },
        host: { time_wait: 2, retransmits: 2, ...calm },
      },
      {
        ...{ at_ms: 2_000, span_ms: 1_000, connections: 4, sent: 15, received: 12 },
        ...{ p50: 0, p99: 0, max: 0 },
        host: { time_wait: 2, retransmits: 0, ...calm },
      },
    ])
  })

  it('spans more seconds a row in a long run, exactly, and tells each row to the record', () => {
    const told: [RecordedRow, number][] = []
    const log = new IntervalLog({
      startUs: 0,
      host: host(0, 0),
      plannedMs: 3 * 3_600_000,
      record: { begin: () => {}, row: (row, latencies) => told.push([row, latencies.count]) },
    })
    for (let second = 1; second <= 7; second++) {
      const facts = { ...TOTALS, connections: second, sent: second * 10, received: second * 10 }
      const latencies = [encodedOf(second * 100)]
      const { sent, max } = log.add(second * 1e6, { ...facts, latencies, host: host(second, 0) })
      expect([sent, max]).toEqual([10, second * 100])
    }
    log.finish()
    log.finish()
    expect(
      log.rows.map(({ at_ms, span_ms, sent, p50, max, host }) => [
        ...[at_ms, span_ms, sent, p50, max],
        host?.retransmits,
      ]),
    ).toEqual([
      [3_000, 3_000, 30, 200, 300, 3],
      [6_000, 3_000, 30, 500, 600, 3],
      [7_000, 1_000, 10, 700, 700, 1],
    ])
    expect(told.map(([row, count]) => [row.at_ms, row.established, count])).toEqual([
      [3_000, 5, 3],
      [6_000, 5, 3],
      [7_000, 5, 1],
    ])
  })
})
