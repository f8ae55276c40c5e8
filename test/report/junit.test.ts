import { expect, test } from 'vitest'
import { junitXml, xmlText } from '../../src/report/junit.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

test('the verdict and each threshold are test cases', () => {
  expect(junitXml(SAMPLE_REPORT)).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites tests="5" failures="2" errors="0" time="60.012">
      <testsuite name="pushctl bench unicast" tests="5" failures="2" errors="0" skipped="0" timestamp="2026-11-20T10:00:00" time="60.012">
        <testcase classname="pushctl.bench.unicast" name="verdict" time="0">
          <system-out>SUSPECT
    tcp://127.0.0.1:7000, ws://127.0.0.1:7001/push: 998,990 messages received
    loop lag p99 was 12 ms on shard 1: add --workers or lower --rate</system-out>
        </testcase>
        <testcase classname="pushctl.bench.unicast" name="push_latency:p99&lt;50ms" time="0">
          <system-out>observed 29.9 ms</system-out>
        </testcase>
        <testcase classname="pushctl.bench.unicast" name="messages.lost==0" time="0">
          <failure message="observed 10" type="threshold">messages.lost==0: observed 10</failure>
        </testcase>
        <testcase classname="pushctl.bench.unicast" name="lost&lt;0.1%" time="0">
          <system-out>observed 0.001 %</system-out>
        </testcase>
        <testcase classname="pushctl.bench.unicast" name="heartbeat_rtt:p99&lt;1s" time="0">
          <failure message="not measured" type="threshold">heartbeat_rtt:p99&lt;1s: not measured</failure>
        </testcase>
      </testsuite>
    </testsuites>
    "
  `)
})

test('an INVALID run fails by itself', () => {
  const verdict = { value: 'INVALID' as const, reasons: ['lag'] }
  const xml = junitXml({ ...SAMPLE_REPORT, verdict, thresholds: [] })
  expect(xml).toContain('tests="1" failures="1"')
  expect(xml).toContain(
    '<failure message="the load generator was the bottleneck" type="threshold">',
  )
})

test('whatever a target says stays text', () => {
  expect(xmlText('<a b="c">&\'')).toBe('&lt;a b=&quot;c&quot;&gt;&amp;&apos;')
  expect(xmlText('a\u0000\u001b[2J\ud800\ufffe😀')).toBe('a??[2J??😀')
})
