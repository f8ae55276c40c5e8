import { describe, expect, it } from 'vitest'
import { comparisonText } from '../../src/report/comparison-text.ts'
import { compareReports, worseNumbers } from '../../src/report/report-comparison.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import type { RunReport } from '../../src/stats/run-report.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

const SECONDS = 40

/** A run whose latencies are `factor` times those of factor 1, with a scatter of a few percent. */
function runOf(factor: number, rate = 1_000, more: Partial<RunReport> = {}): RunReport {
  const all = new LatencyRecorder()
  const intervals = Array.from({ length: SECONDS }, (_, second) => {
    const jitter = 1 + 0.03 * Math.sin(second * 7.3)
    const us = (share: number) => Math.round(1_000 * factor * jitter * (1 + share))
    for (let sample = 0; sample < 100; sample++) all.recordUs(us(sample / 100))
    const sent = Math.round(rate * (1 + 0.01 * Math.sin(second * 3.1)))
    const counts = { at_ms: (second + 1) * 1000, connections: 10, sent, received: sent }
    return { ...counts, p50: us(0.5), p99: us(0.99), max: us(1) }
  })
  const latency = { unit: 'us' as const, response: all.summary(), service: all.summary() }
  const { messages, memory } = SAMPLE_REPORT
  return {
    ...SAMPLE_REPORT,
    duration_ms: SECONDS * 1000,
    metrics: { push_latency: latency, connect_time: latency },
    messages: { ...messages, sent_per_second: rate, received_per_second: rate },
    memory: { ...memory, target_bytes_per_connection: 4_000 * factor },
    intervals,
    ...more,
  }
}

const changes = (a: RunReport, b: RunReport) =>
  Object.fromEntries(compareReports(a, b).numbers.map(({ name, change }) => [name, change]))

describe('two runs', () => {
  it('that are the same differ in nothing', () => {
    const same = compareReports(runOf(1), runOf(1))
    expect(same.differences).toEqual([])
    expect(same.numbers.filter(({ change }) => change === 'worse')).toEqual([])
    expect(same.numbers.every(({ ratio }) => ratio === 1)).toBe(true)
    expect(worseNumbers(same, 0)).toEqual([])
  })

  it('half a percent apart are within their noise', () => {
    const { 'push_latency.response.p50': p50, 'push_latency.response.p99': p99 } = changes(
      runOf(1),
      runOf(1.005),
    )
    expect([p50, p99]).toEqual(['noise', 'noise'])
  })

  it('ten percent apart differ, and say by how much', () => {
    expect(changes(runOf(1), runOf(1.1))['push_latency.response.p99']).toBe('worse')
    expect(changes(runOf(1.1), runOf(1))['push_latency.response.p99']).toBe('better')
    expect(changes(runOf(1), runOf(1.1))['connect_time.response.p50']).toBe('worse')
    const comparison = compareReports(runOf(1), runOf(1.1))
    expect(worseNumbers(comparison, 5).map(({ name }) => name)).toEqual([
      'connect_time.response.p50',
      'connect_time.response.p99',
      'push_latency.response.p50',
      'push_latency.response.p99',
    ])
    expect(worseNumbers(comparison, 15)).toEqual([])
  })

  it('a rate is worse where it is lower', () => {
    const comparison = compareReports(runOf(1, 1_000), runOf(1, 900))
    expect(worseNumbers(comparison, 9).map(({ name }) => name)).toEqual([
      'messages.sent_per_second',
      'messages.received_per_second',
    ])
    expect(worseNumbers(comparison, 11)).toEqual([])
  })

  it('that were loaded by other devices, or lost others on the way, are told apart', () => {
    const schedule = { churn: { perSecond: 2, lifetime: [1, 60] } }
    const plan = { schedule, population: { publishers: 3 }, badClients: { 'slow-reader': 10 } }
    const { differences } = compareReports(runOf(1), runOf(1, 1_000, { plan }))
    expect(differences.filter(({ matters }) => matters)).toEqual([
      { name: 'schedule.churn.perSecond', a: 'unknown', b: '2', matters: true },
      { name: 'schedule.churn.lifetime', a: 'unknown', b: '[1,60]', matters: true },
      { name: 'population.publishers', a: 'unknown', b: '3', matters: true },
      { name: 'badClients.slow-reader', a: 'unknown', b: '10', matters: true },
    ])
  })

  it('say what differs in plan and environment, and what of it changes the meaning', () => {
    const plan = { schedule: { messageBytes: 512, messagesPerSecond: 10 }, seed: 2 }
    const environment = { ...SAMPLE_REPORT.environment, node: 'v24.0.0', cores: 4 }
    const { differences } = compareReports(runOf(1), runOf(1, 1_000, { plan, environment }))
    expect(differences).toEqual([
      { name: 'environment.node', a: 'v20.20.2', b: 'v24.0.0', matters: false },
      { name: 'seed', a: 'unknown', b: '2', matters: false },
      { name: 'schedule.messageBytes', a: 'unknown', b: '512', matters: true },
      { name: 'schedule.messagesPerSecond', a: 'unknown', b: '10', matters: true },
      { name: 'environment.cores', a: 'unknown', b: '4', matters: true },
    ])
  })

  it('are told in a table, differences first', () => {
    const environment = { ...SAMPLE_REPORT.environment, node: 'v24.0.0', cores: 4 }
    const { connect_time: _, ...metrics } = runOf(1).metrics
    const comparison = compareReports(
      runOf(1, 1_000, { metrics }),
      runOf(1.1, 1_000, { environment }),
    )
    const text = comparisonText(comparison, { a: 'before', b: 'af\u001b[2Jter', color: false })
    expect(text).toMatchInlineSnapshot(`
      "A  before
      B  after

      They differ in
        !  environment.cores  unknown   4
           environment.node   v20.20.2  v24.0.0

                                                    A         B     B/A                   above A's
      push_latency.response.p50                1.5 ms   1.65 ms    ×1.1  worse               63.5 %
      push_latency.response.p99               2.02 ms   2.22 ms    ×1.1  worse               16.3 %
      push_latency.response.p99_9             2.04 ms   2.25 ms  ×1.101  too few to tell     13.8 %
      push_latency.response.max               2.05 ms   2.25 ms  ×1.101  too few to tell
      connections.connects_per_second        12,346/s  12,346/s      ×1  too few to tell
      messages.sent_per_second                1,000/s   1,000/s      ×1  within noise
      messages.received_per_second            1,000/s   1,000/s      ×1  within noise
      memory.generator_bytes_per_connection     112 B     112 B      ×1  too few to tell
      memory.target_bytes_per_connection     3.91 KiB   4.3 KiB    ×1.1  too few to tell"
    `)
  })
})
