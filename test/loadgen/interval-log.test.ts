import { describe, expect, it } from 'vitest'
import { IntervalLog } from '../../src/loadgen/interval-log.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'

function encodedOf(...values: number[]): Uint8Array {
  const recorder = new LatencyRecorder()
  for (const value of values) recorder.recordUs(value)
  return recorder.encode()
}

describe('interval log', () => {
  it('turns running totals into rows and merges the latencies of all shards', () => {
    const log = new IntervalLog(1_000_000)
    const facts = { connections: 5, sent: 10, received: 8 }
    log.add(2_000_000, { ...facts, latencies: [encodedOf(100, 100), encodedOf(900)] })
    log.add(3_000_000, { connections: 4, sent: 25, received: 20, latencies: [] })
    expect(log.rows).toEqual([
      { at_ms: 1_000, connections: 5, sent: 10, received: 8, p50: 100, p99: 900, max: 900 },
      { at_ms: 2_000, connections: 4, sent: 15, received: 12, p50: 0, p99: 0, max: 0 },
    ])
  })
})
