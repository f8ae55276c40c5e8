import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConfigFaults, PushctlError } from '../../src/errors/pushctl-error.ts'
import { COUNT_SUBJECTS, DISTRIBUTION_SUBJECTS } from '../../src/report/threshold-subjects.ts'
import { evaluateThresholds, parseThreshold, parseThresholds } from '../../src/report/thresholds.ts'
import type { RunReport } from '../../src/stats/run-report.ts'
import { distributionOf, SAMPLE_REPORT } from './sample-report.ts'

const comparisons = fc.constantFrom('<', '<=', '>', '>=', '==')
const spaces = fc.constantFrom('', ' ', '  ')

test('what is written is what is understood, with any spacing', () => {
  const aggregates = fc.oneof(
    fc.constantFrom('min', 'mean', 'max'),
    fc.integer({ min: 1, max: 99_999 }).map((thousandths) => `p${thousandths / 1000}`),
  )
  const times = fc.tuple(fc.nat(9999), fc.constantFrom(['us', 1], ['ms', 1e3], ['s', 1e6]))
  fc.assert(
    fc.property(
      fc.constantFrom(...DISTRIBUTION_SUBJECTS.keys()),
      aggregates,
      comparisons,
      times,
      spaces,
      (subject, aggregate, comparison, [amount, [unit, factor]], space) => {
        const parts = [subject, ':', aggregate, comparison, `${amount}${unit}`]
        const expression = parts.join(space)
        expect(parseThreshold(` ${expression} `)).toEqual({
          expression,
          subject,
          aggregate,
          comparison,
          limit: amount * Number(factor),
          unit: 'us',
        })
      },
    ),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...COUNT_SUBJECTS.keys()),
      comparisons,
      fc.nat(1_000_000),
      (subject, comparison, limit) => {
        const threshold = parseThreshold(`${subject}${comparison}${limit}`)
        expect(threshold).toMatchObject({ subject, aggregate: null, comparison, limit })
        const short = subject.slice(subject.indexOf('.') + 1)
        expect(parseThreshold(`${short}${comparison}${limit}`).subject).toBe(subject)
      },
    ),
  )
})

test.each([
  ['push_latency:p99<50ms', 'push_latency p99 < 50000 us'],
  ['echo_latency.service:p99.9<=2ms', 'echo_latency.service p99.9 <= 2000 us'],
  ['echo_latency:p99_9<0.1ms', 'echo_latency p99.9 < 100 us'],
  ['PUSH_LATENCY:P99<1s', 'push_latency p99 < 1000000 us'],
  ['push_latency:count>=10k', 'push_latency count >= 10000 count'],
  ['messages.lost==0', 'messages.lost null == 0 count'],
  ['lost<0.1%', 'messages.lost null < 0.1 percent'],
  ['connections.failed < 1 %', 'connections.failed null < 1 percent'],
  ['sent_per_second>=50k/s', 'messages.sent_per_second null >= 50000 rate'],
  [
    'memory.target_bytes_per_connection<=4KiB',
    'memory.target_bytes_per_connection null <= 4096 bytes',
  ],
  ['gc.target:max<20ms', 'gc.target max < 20000 us'],
])('%s is understood', (expression, meaning) => {
  const { subject, aggregate, comparison, limit, unit } = parseThreshold(expression)
  expect(`${subject} ${aggregate} ${comparison} ${limit} ${unit}`).toBe(meaning)
})

function faultOf(expression: string): string {
  try {
    parseThreshold(expression)
  } catch (error) {
    if (error instanceof PushctlError) return [error.message, ...error.tries].join('\n  try ')
  }
  return 'no fault'
}

test('every fault says what was expected, and suggests the nearest name', () => {
  const expressions = [
    '',
    'push_latency',
    'push_latency:p99=50ms',
    'push_latncy:p99<50ms',
    'messages.lots==0',
    'lots==0',
    'frobnication<1',
    '<1',
    'push_latency<50ms',
    'push_latency:<50ms',
    'push_latency:p101<50ms',
    'push_latency:p0<50ms',
    'push_latency:median<50ms',
    'push_latency:p99<50',
    'push_latency:p99<',
    'push_latency:p99<50%',
    'push_latency:p99<-5ms',
    'push_latency:p99<5ms<6ms',
    'lost:max==0',
    'lost<few',
    'planned<5%',
    'lost<-1%',
    'sent_per_second>fast',
  ]
  expect(expressions.map(faultOf).join('\n')).toMatchInlineSnapshot(`
    "--slo "" needs exactly one comparison: <, <=, >, >= or ==
      try --slo 'push_latency:p99<50ms'
    --slo "push_latency" needs exactly one comparison: <, <=, >, >= or ==
      try --slo 'push_latency:p99<50ms'
    --slo "push_latency:p99=50ms" needs exactly one comparison: <, <=, >, >= or ==
      try --slo 'push_latency:p99<50ms'
    --slo "push_latncy:p99<50ms" names no metric or count: "push_latncy"
      try --slo 'push_latency:p99<50ms'
    --slo "messages.lots==0" names no metric or count: "messages.lots"
      try --slo 'messages.lost==0'
    --slo "lots==0" names no metric or count: "lots"
      try --slo 'lost==0'
    --slo "frobnication<1" names no metric or count: "frobnication"
      try one of connect_time, upgrade_time, handshake_time, push_latency, echo_latency, broadcast_first, broadcast_all, heartbeat_rtt, reconnect_time, unavailability, gc.generator, gc.target, loop_lag.generator, loop_lag.target
      try or a count: connections.requested, connections.attempted, connections.established, connections.failed, connections.alive_at_end, connections.connects_per_second, messages.planned, messages.sent, messages.late, messages.unsent, messages.expected, messages.received, messages.lost, messages.duplicated, messages.reordered, messages.sent_per_second, messages.received_per_second, memory.generator_bytes_per_connection, memory.target_bytes_per_connection
    --slo "<1" needs a metric or a count in front
      try --slo 'push_latency:p99<50ms'
    --slo "push_latency<50ms" needs an aggregate after push_latency: min, mean, max, count or a percentile such as p99.9
      try --slo 'push_latency:p99<50ms'
    --slo "push_latency:<50ms" needs an aggregate after push_latency: min, mean, max, count or a percentile such as p99.9
      try --slo 'push_latency:p99<50ms'
    --slo "push_latency:p101<50ms" expects min, mean, max, count or a percentile such as p99.9, got "p101"
      try --slo 'push_latency:p99<50ms'
    --slo "push_latency:p0<50ms" expects min, mean, max, count or a percentile such as p99.9, got "p0"
      try --slo 'push_latency:p99<50ms'
    --slo "push_latency:median<50ms" expects min, mean, max, count or a percentile such as p99.9, got "median"
      try --slo 'push_latency:p99<50ms'
    --slo "push_latency:p99<50" expects a time with its unit such as 50ms after the comparison, got "50"
    --slo "push_latency:p99<" expects a time with its unit such as 50ms after the comparison, got ""
    --slo "push_latency:p99<50%" expects a time with its unit such as 50ms after the comparison, got "50%"
    --slo "push_latency:p99<-5ms" expects a time with its unit such as 50ms after the comparison, got "-5ms"
    --slo "push_latency:p99<5ms<6ms" needs exactly one comparison: <, <=, >, >= or ==
      try --slo 'push_latency:p99<50ms'
    --slo "lost:max==0" needs no ":max": messages.lost is one number
      try --slo 'lost==0'
    --slo "lost<few" expects a percentage such as 0.1% or a whole number such as 0 or 10k after the comparison, got "few"
    --slo "planned<5%" expects a whole number such as 0 or 10k after the comparison, got "5%"
    --slo "lost<-1%" expects a percentage such as 0.1% or a whole number such as 0 or 10k after the comparison, got "-1%"
    --slo "sent_per_second>fast" expects a rate such as 50k/s after the comparison, got "fast""
  `)
})

test('all faults come at once', () => {
  expect(() => parseThresholds(['lost==0'])).not.toThrow()
  try {
    parseThresholds(['lost=0', 'lost==0', 'nothing<1'])
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigFaults)
    expect((error as ConfigFaults).faults).toHaveLength(2)
    expect((error as ConfigFaults).exitCode).toBe(2)
  }
})

test('text of any kind is understood or refused, never a crash', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom('push_latency', ':', 'p99', '<', '==', '50ms', '%', 'lost', '.', ' ', '0'),
      fc.string(),
    ),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(pieces, (parts) => {
      expect(faultOf(parts.join(''))).toMatch(/^no fault$|^--slo "/)
    }),
  )
})

function rowsOf(expressions: readonly string[], report: RunReport = SAMPLE_REPORT) {
  return evaluateThresholds(parseThresholds(expressions), report).map(
    ({ expression, observed, limit, held }) =>
      `${held ? 'held' : 'crossed'}  ${expression}  ${observed} against ${limit}`,
  )
}

test('thresholds are judged in their own unit', () => {
  const expressions = [
    'push_latency:p99<50ms',
    'push_latency:p99.99<50ms',
    'push_latency.service:max<=15.2ms',
    'push_latency:count>=10002',
    'messages.lost==0',
    'lost<0.1%',
    'lost<0.001%',
    'connections.failed<1%',
    'established>=99.99%',
    'sent_per_second>10k',
    'memory.generator_bytes_per_connection<=200',
    'gc.generator:max<2ms',
    'loop_lag.generator:p50<2ms',
  ]
  expect(rowsOf(expressions).join('\n')).toMatchInlineSnapshot(`
    "held  push_latency:p99<50ms  29903 against 50000
    crossed  push_latency:p99.99<50ms  812031 against 50000
    held  push_latency.service:max<=15.2ms  15103 against 15200
    held  push_latency:count>=10002  10002 against 10002
    crossed  messages.lost==0  10 against 0
    held  lost<0.1%  0.001001001001001001 against 0.1
    crossed  lost<0.001%  0.001001001001001001 against 0.001
    held  connections.failed<1%  0.02 against 1
    crossed  established>=99.99%  99.98 against 99.99
    held  sent_per_second>10k  16650 against 10000
    held  memory.generator_bytes_per_connection<=200  112.4 against 200
    crossed  gc.generator:max<2ms  2101 against 2000
    held  loop_lag.generator:p50<2ms  1100 against 2000"
  `)
})

test('what was not measured has crossed, whichever way the comparison points', () => {
  const nothing: RunReport = {
    ...SAMPLE_REPORT,
    messages: { ...SAMPLE_REPORT.messages, expected: 0, lost: 0 },
    gc: {
      generator: { known: true, kinds: [], loop_lag: distributionOf() },
      target: { known: false, kinds: [], loop_lag: null },
    },
  }
  const expressions = [
    'heartbeat_rtt:p99<1h',
    'heartbeat_rtt:p99>=0us',
    'echo_latency:max<1h',
    'gc.target:max<1h',
    'gc.generator:max<1h',
    'loop_lag.target:p99<1h',
    'loop_lag.generator:p99<1h',
    'lost<100%',
    'memory.target_bytes_per_connection<1g',
  ]
  for (const row of rowsOf(expressions, nothing)) expect(row).toMatch(/^crossed .* null against/)
  expect(rowsOf(['lost==0', 'heartbeat_rtt:count==0'], nothing)).toEqual([
    'held  lost==0  0 against 0',
    'held  heartbeat_rtt:count==0  0 against 0',
  ])
})

test('short names of counts are unique', () => {
  const short = [...COUNT_SUBJECTS.keys()].map((name) => name.split('.')[1])
  expect(new Set(short).size).toBe(short.length)
})
