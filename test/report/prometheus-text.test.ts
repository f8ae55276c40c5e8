import { expect, test } from 'vitest'
import { prometheusText } from '../../src/report/prometheus-text.ts'
import { distributionOf, SAMPLE_REPORT } from './sample-report.ts'

const SMALL = {
  ...SAMPLE_REPORT,
  metrics: {
    push_latency: {
      unit: 'us' as const,
      response: distributionOf(1_000, 2_000),
      service: distributionOf(),
    },
  },
}

test('a finished run is a page of gauges and summaries', () => {
  expect(prometheusText(SMALL)).toMatchInlineSnapshot(`
    "# HELP pushctl_bench_verdict Whether the numbers of the run count: 1 for the verdict it has.
    # TYPE pushctl_bench_verdict gauge
    pushctl_bench_verdict{mode="unicast",value="VALID"} 0
    pushctl_bench_verdict{mode="unicast",value="SUSPECT"} 1
    pushctl_bench_verdict{mode="unicast",value="INVALID"} 0
    # HELP pushctl_bench_start_time_seconds Unix time at which the run started.
    # TYPE pushctl_bench_start_time_seconds gauge
    pushctl_bench_start_time_seconds{mode="unicast"} 1795168800
    # HELP pushctl_bench_duration_seconds Measured time.
    # TYPE pushctl_bench_duration_seconds gauge
    pushctl_bench_duration_seconds{mode="unicast"} 60.0124
    # HELP pushctl_bench_connections Connections, by what became of them.
    # TYPE pushctl_bench_connections gauge
    pushctl_bench_connections{mode="unicast",what="requested"} 50000
    pushctl_bench_connections{mode="unicast",what="attempted"} 50000
    pushctl_bench_connections{mode="unicast",what="established"} 49990
    pushctl_bench_connections{mode="unicast",what="failed"} 10
    pushctl_bench_connections{mode="unicast",what="alive_at_end"} 49988
    # HELP pushctl_bench_messages Messages of the measured time.
    # TYPE pushctl_bench_messages gauge
    pushctl_bench_messages{mode="unicast",what="planned"} 1000000
    pushctl_bench_messages{mode="unicast",what="sent"} 999000
    pushctl_bench_messages{mode="unicast",what="late"} 1200
    pushctl_bench_messages{mode="unicast",what="unsent"} 1000
    pushctl_bench_messages{mode="unicast",what="expected"} 999000
    pushctl_bench_messages{mode="unicast",what="received"} 998990
    pushctl_bench_messages{mode="unicast",what="lost"} 10
    pushctl_bench_messages{mode="unicast",what="duplicated"} 0
    pushctl_bench_messages{mode="unicast",what="reordered"} 2
    # HELP pushctl_bench_per_second Rates: connecting, sending, receiving.
    # TYPE pushctl_bench_per_second gauge
    pushctl_bench_per_second{mode="unicast",what="connects"} 12345.6
    pushctl_bench_per_second{mode="unicast",what="sent"} 16650
    pushctl_bench_per_second{mode="unicast",what="received"} 16649.8
    # HELP pushctl_bench_memory_bytes_per_connection Slope of memory over connections.
    # TYPE pushctl_bench_memory_bytes_per_connection gauge
    pushctl_bench_memory_bytes_per_connection{mode="unicast",side="generator"} 112.4
    # HELP pushctl_bench_push_latency_seconds response: from the intended time; service: from the write.
    # TYPE pushctl_bench_push_latency_seconds summary
    pushctl_bench_push_latency_seconds{mode="unicast",time="response",quantile="0.5"} 0.001
    pushctl_bench_push_latency_seconds{mode="unicast",time="response",quantile="0.75"} 0.002
    pushctl_bench_push_latency_seconds{mode="unicast",time="response",quantile="0.9"} 0.002
    pushctl_bench_push_latency_seconds{mode="unicast",time="response",quantile="0.95"} 0.002
    pushctl_bench_push_latency_seconds{mode="unicast",time="response",quantile="0.99"} 0.002
    pushctl_bench_push_latency_seconds{mode="unicast",time="response",quantile="0.999"} 0.002
    pushctl_bench_push_latency_seconds{mode="unicast",time="response",quantile="0.9999"} 0.002
    pushctl_bench_push_latency_seconds{mode="unicast",time="response",quantile="1"} 0.002
    pushctl_bench_push_latency_seconds_sum{mode="unicast",time="response"} 0.003
    pushctl_bench_push_latency_seconds_count{mode="unicast",time="response"} 2
    # HELP pushctl_bench_threshold_held 1: the threshold held; 0: it was crossed.
    # TYPE pushctl_bench_threshold_held gauge
    pushctl_bench_threshold_held{expression="push_latency:p99<50ms"} 1
    pushctl_bench_threshold_held{expression="messages.lost==0"} 0
    pushctl_bench_threshold_held{expression="lost<0.1%"} 1
    pushctl_bench_threshold_held{expression="heartbeat_rtt:p99<1s"} 0
    "
  `)
})

test('labels are escaped', () => {
  const thresholds = [{ expression: 'a"\\\n', observed: 1, limit: 1, held: true }]
  expect(prometheusText({ ...SMALL, thresholds })).toContain(
    'pushctl_bench_threshold_held{expression="a\\"\\\\\\n"} 1',
  )
})
