import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { visibleWidth } from '../../src/report/table.ts'
import { textReport } from '../../src/report/text-report.ts'
import type { RunReport } from '../../src/stats/run-report.ts'
import { distributionOf, SAMPLE_REPORT } from './sample-report.ts'

test('the whole report on a wide terminal', () => {
  expect(textReport(SAMPLE_REPORT, { width: 120, color: false })).toMatchInlineSnapshot(`
    "SUSPECT
      - loop lag p99 was 12 ms on shard 1: add --workers or lower --rate

    Run           unicast · tcp://127.0.0.1:7000 · ws://127.0.0.1:7001/push · engine epoll · 1m · 2026-11-20T10:00:00.000Z
    Plan          2 shards in threads · 3 source addresses · 25,000 connections each
    Connections   50,000 requested · 50,000 attempted · 49,990 established · 10 failed (0.02 %) · 49,988 alive at end
                  12,346/s
    Messages      1,000,000 planned · 999,000 sent · 1,200 late (0.12 %) · 1,000 unsent (0.1 %) · 16,650/s
                  999,000 expected · 998,990 received · 10 lost (0.001 %) · 0 duplicated · 2 reordered (0.0002 %) · 16,650/s

    Latency
      metric         time          p50      p75      p90      p99    p99.9   p99.99      max   count
      connect_time   response   310 µs   420 µs   420 µs   420 µs   420 µs   420 µs   420 µs       2
                     service    300 µs   300 µs   300 µs   300 µs   300 µs   300 µs   300 µs       1
      push_latency   response  15.2 ms  22.7 ms  27.2 ms  29.9 ms  30.2 ms   812 ms   2.31 s  10,002
                     service    7.6 ms  11.4 ms  13.6 ms    15 ms  15.1 ms  15.1 ms  15.1 ms  10,000
      heartbeat_rtt  response        -        -        -        -        -        -        -       0
                     service         -        -        -        -        -        -        -       0

    Pauses
      generator  GC major             1   p99 2.1 ms   p99.9 2.1 ms   max 2.1 ms
                 GC minor             3  p99 1.25 ms  p99.9 1.25 ms  max 1.25 ms
                 loop lag             3    p99 12 ms    p99.9 12 ms    max 12 ms
                   when steady        2   p99 1.1 ms   p99.9 1.1 ms   max 1.1 ms
      target     GC             unknown
                 loop lag       unknown

    Thresholds
      ✓  push_latency:p99<50ms  29.9 ms
      ✗  messages.lost==0       10
      ✓  lost<0.1%              0.001 %
      ✗  heartbeat_rtt:p99<1s   not measured

    Failures
      phase    cause         count  first        sample
      connect  ECONNREFUSED      7  after 1.2 s  connect ECONNREFUSED 127.0.0.1:7000
      hello    close 4100        3  after 2 s    node is full and rude

    Doctor
      this host: 1 critical, 1 unknown
        critical  listen/overflow  120 connections were turned away in 34 s

    Host          CPU 81.2 % · TIME_WAIT 16 (+12) · retransmits +3 · listen overflows 0 · softnet drops unknown
                  listen drops +5 · steal 2.5 %
    Memory        per connection: generator 112 B · target unknown
    Environment   node v20.20.2 · kernel 6.1.0 · cpus 2 · container unknown
    "
  `)
})

test('on 80 columns the percentiles that say least give way and nothing is wider', () => {
  const text = textReport(SAMPLE_REPORT, { width: 80, color: false })
  expect(text.split('\n').filter((line) => visibleWidth(line) > 80)).toEqual([])
  expect(text).toMatch(/metric .* p50 .* p99 .* max .* count/)
  expect(text).not.toContain('p75')
  expect(text.split('\n').length).toBeLessThan(54)
})

test('colours change nothing but colours', () => {
  const colored = textReport(SAMPLE_REPORT, { width: 100, color: true })
  const plain = textReport(SAMPLE_REPORT, { width: 100, color: false })
  expect(colored).not.toBe(plain)
  expect(stripVTControlCharacters(colored)).toBe(plain)
})

test('a run that was valid, quiet and unlimited has no empty sections', () => {
  const quiet: RunReport = {
    ...SAMPLE_REPORT,
    interrupted: true,
    verdict: { value: 'VALID', reasons: [] },
    connections: { ...SAMPLE_REPORT.connections, failed: 0, failures: [] },
    metrics: {},
    gc: {
      generator: { known: true, kinds: [], loop_lag: distributionOf() },
      target: { known: true, kinds: [], loop_lag: null },
    },
    host: {
      before: SAMPLE_REPORT.host.before,
      after: { ...SAMPLE_REPORT.host.after, time_wait: null, listen_overflows: null },
      delta: {
        time_wait: null,
        retransmits: null,
        listen_overflows: null,
        softnet_drops: null,
        cpu_percent: null,
      },
      peaks: {},
    },
    hosts: [],
    thresholds: [],
    plan: { shards: 2, shard_kind: 'thread', sources: ['127.0.0.1'] },
  }
  expect(textReport(quiet, { width: 100, color: false })).toMatchInlineSnapshot(`
    "VALID  interrupted: what was measured in 1m

    Run           unicast · tcp://127.0.0.1:7000 · ws://127.0.0.1:7001/push · engine epoll · 1m
                  2026-11-20T10:00:00.000Z
    Plan          shards 2 · shard kind thread
    Connections   50,000 requested · 50,000 attempted · 49,990 established · 0 failed
                  49,988 alive at end · 12,346/s
    Messages      1,000,000 planned · 999,000 sent · 1,200 late (0.12 %) · 1,000 unsent (0.1 %)
                  16,650/s
                  999,000 expected · 998,990 received · 10 lost (0.001 %) · 0 duplicated
                  2 reordered (0.0002 %) · 16,650/s

    Pauses
      generator  GC           none
                 loop lag        0
      target     GC           none
                 loop lag  unknown

    Host          CPU unknown · TIME_WAIT unknown · retransmits unknown · listen overflows unknown
                  softnet drops unknown
    Memory        per connection: generator 112 B · target unknown
    Environment   node v20.20.2 · kernel 6.1.0 · cpus 2 · container unknown
    "
  `)
})

test('what a peer sent cannot move the cursor or start a line of its own', () => {
  const evil = '\u001b[2J\u001b]0;title\u0007\r\nVALID\u2028x\u202e'
  const text = textReport(
    {
      ...SAMPLE_REPORT,
      mode: evil,
      targets: [evil],
      engine: evil,
      verdict: { value: 'INVALID', reasons: [evil] },
      connections: {
        ...SAMPLE_REPORT.connections,
        failures: [{ phase: evil, cause: evil, count: 1, first_ms: 0, sample: evil }],
      },
      thresholds: [{ expression: evil, observed: 1, limit: 1, held: true }],
      environment: { [evil]: evil },
      plan: { headline: evil },
    },
    { width: 100, color: false },
  )
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202e]/)
  expect(text.split('\n').filter((line) => line.startsWith('VALID'))).toEqual([])
})
