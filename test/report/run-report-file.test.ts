import { expect, test } from 'vitest'
import { jsonReport } from '../../src/report/json-report.ts'
import { parseRunReport } from '../../src/report/run-report-file.ts'
import { textReport } from '../../src/report/text-report.ts'
import { SAMPLE_CLUSTER } from './sample-cluster.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

test('what was written reads back as it was, additions of a later version included', () => {
  expect(parseRunReport(jsonReport(SAMPLE_REPORT), 'report.json')).toEqual(SAMPLE_REPORT)
  const later = { ...SAMPLE_REPORT, added: [1], memory: { ...SAMPLE_REPORT.memory, more: 2 } }
  expect(parseRunReport(JSON.stringify(later), 'report.json')).toEqual(later)
})

test('a cluster is read back, and one that is damaged is refused with its place', () => {
  const withCluster = { ...SAMPLE_REPORT, cluster: SAMPLE_CLUSTER }
  expect(parseRunReport(jsonReport(withCluster), 'report.json')).toEqual(withCluster)
  const [first] = SAMPLE_CLUSTER.nodes
  const damaged = [
    { ...SAMPLE_CLUSTER, nodes: 'a' },
    { ...SAMPLE_CLUSTER, nodes: [{ ...first, devices_at_end: undefined }] },
    { ...SAMPLE_CLUSTER, nodes: [{ ...first, over_time: [[1, 2], [3]] }] },
    { ...SAMPLE_CLUSTER, events: [{ at_ms: 1, what: 'stopped', node: 7, failure: '' }] },
  ]
  const faults = damaged.map((cluster) => faultOf(JSON.stringify({ ...SAMPLE_REPORT, cluster })))
  expect(faults.map((fault) => fault.split(': ').at(-1))).toEqual([
    'cluster.nodes must be Array, got "a"',
    'cluster.nodes.0.devices_at_end is missing',
    'cluster.nodes.0.over_time.1.1 is missing',
    'cluster.events.0.node must be string, got 7',
  ])
})

test('a report that was read draws the same text', () => {
  const options = { width: 100, color: false }
  const again = parseRunReport(jsonReport(SAMPLE_REPORT), 'report.json')
  expect(textReport(again, options)).toBe(textReport(SAMPLE_REPORT, options))
})

function faultOf(text: string): string {
  try {
    parseRunReport(text, 'a.json')
  } catch (error) {
    return (error as Error).message
  }
  return 'no fault'
}

test('what is wrong in a file is named with its place', () => {
  const { verdict: _, ...noVerdict } = SAMPLE_REPORT
  const texts = [
    '{',
    '[]',
    '{"schema":"pushctl.bench/2"}',
    JSON.stringify(noVerdict),
    JSON.stringify({
      ...SAMPLE_REPORT,
      host: { ...SAMPLE_REPORT.host, after: { ...SAMPLE_REPORT.host.after, tcp_timeouts: 'many' } },
    }),
    JSON.stringify({ ...SAMPLE_REPORT, metrics: { push_latency: { unit: 'ms' } } }),
  ]
  expect(texts.map(faultOf).join('\n')).toMatchInlineSnapshot(`
    "expected a report.json of pushctl bench in "a.json": it ends in the middle: half-written
    expected a report.json of pushctl bench in "a.json": schema is missing
    expected a report.json of pushctl bench in "a.json": it is "pushctl.bench/2", and this pushctl reads "pushctl.bench/1"
    expected a report.json of pushctl bench in "a.json": verdict is missing
    expected a report.json of pushctl bench in "a.json": host.after.tcp_timeouts must be number, got "many"
    expected a report.json of pushctl bench in "a.json": metrics.push_latency.unit must be "us", got "ms""
  `)
})
