import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { METRICS } from '../../../src/server/http/metric-table.ts'
import { TestServer } from './test-server.ts'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start()
})
afterEach(() => server.stop())

describe('GET /metrics', () => {
  it('shows the counters of the node in Prometheus text', async () => {
    server.node.connect('a')
    const answer = await server.ask('/metrics')
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(answer.text).toMatchInlineSnapshot(`
      "# HELP pushctl_errors_total Errors, by where they come from
      # TYPE pushctl_errors_total counter
      pushctl_errors_total{source="api"} 0
      pushctl_errors_total{source="auth"} 0
      pushctl_errors_total{source="device"} 0
      pushctl_errors_total{source="network"} 0
      pushctl_errors_total{source="overload"} 0
      pushctl_errors_total{source="shard"} 2

      # HELP pushctl_queue_entries What waits in the node to be worked on
      # TYPE pushctl_queue_entries gauge
      pushctl_queue_entries{queue="http-requests"} 1
      pushctl_queue_entries{queue="shard-questions"} 2
      pushctl_queue_entries{queue="webhooks"} 2
      pushctl_queue_entries{queue="joining"} 0

      # HELP pushctl_buffered_bytes Bytes waiting for devices: the queue out
      # TYPE pushctl_buffered_bytes gauge
      pushctl_buffered_bytes 0

      # HELP pushctl_http_requests_total Requests answered by the API; status "aborted" where the client left first
      # TYPE pushctl_http_requests_total counter

      # HELP pushctl_http_streams_open Streams open on the API
      # TYPE pushctl_http_streams_open gauge
      pushctl_http_streams_open 0

      # HELP pushctl_http_request_duration_seconds From the head of a request to the end of its answer, streams left out
      # TYPE pushctl_http_request_duration_seconds histogram

      # HELP pushctl_shard_answer_seconds How long shards take to answer the main thread
      # TYPE pushctl_shard_answer_seconds histogram
      pushctl_shard_answer_seconds_bucket{le="0.0001"} 0
      pushctl_shard_answer_seconds_bucket{le="0.00025"} 0
      pushctl_shard_answer_seconds_bucket{le="0.0005"} 0
      pushctl_shard_answer_seconds_bucket{le="0.001"} 3
      pushctl_shard_answer_seconds_bucket{le="0.0025"} 4
      pushctl_shard_answer_seconds_bucket{le="0.005"} 4
      pushctl_shard_answer_seconds_bucket{le="0.01"} 4
      pushctl_shard_answer_seconds_bucket{le="0.025"} 4
      pushctl_shard_answer_seconds_bucket{le="0.05"} 4
      pushctl_shard_answer_seconds_bucket{le="0.1"} 4
      pushctl_shard_answer_seconds_bucket{le="0.25"} 4
      pushctl_shard_answer_seconds_bucket{le="0.5"} 4
      pushctl_shard_answer_seconds_bucket{le="1"} 4
      pushctl_shard_answer_seconds_bucket{le="2.5"} 4
      pushctl_shard_answer_seconds_bucket{le="5"} 4
      pushctl_shard_answer_seconds_bucket{le="10"} 4
      pushctl_shard_answer_seconds_bucket{le="+Inf"} 4
      pushctl_shard_answer_seconds_sum 0.005
      pushctl_shard_answer_seconds_count 4

      # HELP pushctl_load_level 0: all is served, to 3
      # TYPE pushctl_load_level gauge
      pushctl_load_level 1

      # HELP pushctl_ready 1 when new devices may come
      # TYPE pushctl_ready gauge
      pushctl_ready 1

      # HELP pushctl_ready_seconds_total Time in which the node was ready
      # TYPE pushctl_ready_seconds_total counter
      pushctl_ready_seconds_total 90

      # HELP pushctl_up_seconds_total Time since the node started
      # TYPE pushctl_up_seconds_total counter
      pushctl_up_seconds_total 100

      # HELP pushctl_shards Shards that the node should have
      # TYPE pushctl_shards gauge
      pushctl_shards 1

      # HELP pushctl_shards_up Shards that live and answer
      # TYPE pushctl_shards_up gauge
      pushctl_shards_up 1

      # HELP pushctl_shards_lost_total Shards that died
      # TYPE pushctl_shards_lost_total counter
      pushctl_shards_lost_total 1

      # HELP pushctl_connections_accepted_total Connections accepted
      # TYPE pushctl_connections_accepted_total counter
      pushctl_connections_accepted_total 12

      # HELP pushctl_accepts_deferred_total Accepts put off by admission
      # TYPE pushctl_accepts_deferred_total counter
      pushctl_accepts_deferred_total 0

      # HELP pushctl_hellos_accepted_total HELLO frames answered by WELCOME
      # TYPE pushctl_hellos_accepted_total counter
      pushctl_hellos_accepted_total 11

      # HELP pushctl_hellos_refused_total HELLO frames refused
      # TYPE pushctl_hellos_refused_total counter
      pushctl_hellos_refused_total{reason="unauthorized"} 1

      # HELP pushctl_closes_total Connections ended, by BYE code or end
      # TYPE pushctl_closes_total counter
      pushctl_closes_total{cause="replaced"} 2
      pushctl_closes_total{cause="peer-end"} 3

      # HELP pushctl_refusals_total What was refused, by reason
      # TYPE pushctl_refusals_total counter
      pushctl_refusals_total{reason="overloaded"} 4

      # HELP pushctl_frames_received_total Frames from devices
      # TYPE pushctl_frames_received_total counter
      pushctl_frames_received_total 40

      # HELP pushctl_messages_sent_total MSG frames sent
      # TYPE pushctl_messages_sent_total counter
      pushctl_messages_sent_total 50

      # HELP pushctl_pushes_accepted_total Pushes accepted by the API
      # TYPE pushctl_pushes_accepted_total counter
      pushctl_pushes_accepted_total 0

      # HELP pushctl_received_bytes_total Bytes from devices
      # TYPE pushctl_received_bytes_total counter
      pushctl_received_bytes_total 600

      # HELP pushctl_sent_bytes_total Bytes to devices
      # TYPE pushctl_sent_bytes_total counter
      pushctl_sent_bytes_total 700

      # HELP pushctl_heartbeats_total PING frames answered
      # TYPE pushctl_heartbeats_total counter
      pushctl_heartbeats_total 8

      # HELP pushctl_connections_open Connections open now
      # TYPE pushctl_connections_open gauge
      pushctl_connections_open 1

      # HELP pushctl_connections_max Connections that the node admits
      # TYPE pushctl_connections_max gauge
      pushctl_connections_max 1000

      # HELP pushctl_connections Connections open now, by state
      # TYPE pushctl_connections gauge
      pushctl_connections{state="upgrading"} 0
      pushctl_connections{state="hello"} 1
      pushctl_connections{state="joining"} 0
      pushctl_connections{state="joined"} 1
      pushctl_connections{state="closing"} 0

      # HELP pushctl_devices_online Devices with a session
      # TYPE pushctl_devices_online gauge
      pushctl_devices_online 1

      # HELP pushctl_devices Devices with a session, by carrier
      # TYPE pushctl_devices gauge
      pushctl_devices{carrier="tcp"} 1
      pushctl_devices{carrier="push.v1"} 0
      pushctl_devices{carrier="push.v1.json"} 0

      # HELP pushctl_stored_pushes_total Stored pushes, by what became of them
      # TYPE pushctl_stored_pushes_total counter
      pushctl_stored_pushes_total{result="stored"} 9
      pushctl_stored_pushes_total{result="acked"} 5
      pushctl_stored_pushes_total{result="expired"} 1
      pushctl_stored_pushes_total{result="trimmed"} 1
      pushctl_stored_pushes_total{result="failed"} 0
      pushctl_stored_pushes_total{result="redelivered"} 2

      # HELP pushctl_stored_pushes_pending Stored pushes that wait for their ack
      # TYPE pushctl_stored_pushes_pending gauge
      pushctl_stored_pushes_pending 2

      # HELP pushctl_store_unwritten_bytes Payloads that wait to be written
      # TYPE pushctl_store_unwritten_bytes gauge
      pushctl_store_unwritten_bytes 0

      # HELP pushctl_store_write_seconds How long a write of the store takes, one for all pushes of a loop turn
      # TYPE pushctl_store_write_seconds histogram
      pushctl_store_write_seconds_bucket{le="0.0001"} 0
      pushctl_store_write_seconds_bucket{le="0.00025"} 8
      pushctl_store_write_seconds_bucket{le="0.0005"} 8
      pushctl_store_write_seconds_bucket{le="0.001"} 8
      pushctl_store_write_seconds_bucket{le="0.0025"} 8
      pushctl_store_write_seconds_bucket{le="0.005"} 8
      pushctl_store_write_seconds_bucket{le="0.01"} 8
      pushctl_store_write_seconds_bucket{le="0.025"} 8
      pushctl_store_write_seconds_bucket{le="0.05"} 8
      pushctl_store_write_seconds_bucket{le="0.1"} 8
      pushctl_store_write_seconds_bucket{le="0.25"} 8
      pushctl_store_write_seconds_bucket{le="0.5"} 8
      pushctl_store_write_seconds_bucket{le="1"} 8
      pushctl_store_write_seconds_bucket{le="2.5"} 8
      pushctl_store_write_seconds_bucket{le="5"} 8
      pushctl_store_write_seconds_bucket{le="10"} 8
      pushctl_store_write_seconds_bucket{le="+Inf"} 8
      pushctl_store_write_seconds_sum 0.0016
      pushctl_store_write_seconds_count 8

      # HELP pushctl_store_stalled_seconds How long the running write has taken
      # TYPE pushctl_store_stalled_seconds gauge
      pushctl_store_stalled_seconds 0

      # HELP pushctl_store_write_failures_total Writes of the store that failed
      # TYPE pushctl_store_write_failures_total counter
      pushctl_store_write_failures_total 1

      # HELP pushctl_store_failing 1 while stored pushes are refused by the store
      # TYPE pushctl_store_failing gauge
      pushctl_store_failing 0

      # HELP pushctl_store_durable 1 where stored pushes survive the process
      # TYPE pushctl_store_durable gauge
      pushctl_store_durable 1

      # HELP pushctl_upstream_sends_total SEND frames, by answer
      # TYPE pushctl_upstream_sends_total counter
      pushctl_upstream_sends_total{status="accepted"} 5
      pushctl_upstream_sends_total{status="refused"} 2
      pushctl_upstream_sends_total{status="overloaded"} 1

      # HELP pushctl_upstream_consumers Streams of GET /v1/upstream
      # TYPE pushctl_upstream_consumers gauge
      pushctl_upstream_consumers 1

      # HELP pushctl_upstream_consumers_cut_total Consumers that read too slowly
      # TYPE pushctl_upstream_consumers_cut_total counter
      pushctl_upstream_consumers_cut_total 3

      # HELP pushctl_webhook_events_total Events, by what became of them
      # TYPE pushctl_webhook_events_total counter
      pushctl_webhook_events_total{webhook="chat=https://app.example/hook",result="delivered"} 4
      pushctl_webhook_events_total{webhook="chat=https://app.example/hook",result="dead"} 1
      pushctl_webhook_events_total{webhook="chat=https://app.example/hook",result="dropped"} 0

      # HELP pushctl_webhook_requests_total Requests, by status or failure
      # TYPE pushctl_webhook_requests_total counter
      pushctl_webhook_requests_total{webhook="chat=https://app.example/hook",outcome="204"} 2
      pushctl_webhook_requests_total{webhook="chat=https://app.example/hook",outcome="timeout"} 1

      # HELP pushctl_webhook_queue_events Events that wait for a webhook
      # TYPE pushctl_webhook_queue_events gauge
      pushctl_webhook_queue_events{webhook="chat=https://app.example/hook"} 2

      # HELP pushctl_webhook_queue_bytes Bytes that wait for a webhook
      # TYPE pushctl_webhook_queue_bytes gauge
      pushctl_webhook_queue_bytes{webhook="chat=https://app.example/hook"} 300

      # HELP pushctl_clock_offset_seconds How far the time of day was set since the start
      # TYPE pushctl_clock_offset_seconds gauge
      pushctl_clock_offset_seconds -3600.5

      # HELP pushctl_start_time_seconds Start of the node, Unix time
      # TYPE pushctl_start_time_seconds gauge
      pushctl_start_time_seconds 1700000000

      # HELP pushctl_memory_resident_bytes RSS of all processes
      # TYPE pushctl_memory_resident_bytes gauge
      pushctl_memory_resident_bytes 1024

      # HELP pushctl_memory_heap_bytes JavaScript heap in use
      # TYPE pushctl_memory_heap_bytes gauge
      pushctl_memory_heap_bytes 512

      # HELP pushctl_memory_external_bytes Buffers outside the heap
      # TYPE pushctl_memory_external_bytes gauge
      pushctl_memory_external_bytes 0

      # HELP pushctl_build Always 1; the labels say what runs
      # TYPE pushctl_build gauge
      pushctl_build{name="node \\"a\\"",version="0.1.0"} 1

      # HELP pushctl_shard_up 1 for a shard that lives and answers
      # TYPE pushctl_shard_up gauge
      pushctl_shard_up{shard="0"} 1

      # HELP pushctl_shard_restarts_total Times a shard was started again
      # TYPE pushctl_shard_restarts_total counter
      pushctl_shard_restarts_total{shard="0"} 0

      # HELP pushctl_shard_connections_open Connections open, by shard
      # TYPE pushctl_shard_connections_open gauge
      pushctl_shard_connections_open{shard="0"} 1

      # HELP pushctl_shard_devices_online Devices with a session, by shard
      # TYPE pushctl_shard_devices_online gauge
      pushctl_shard_devices_online{shard="0"} 1

      # HELP pushctl_shard_cpu_seconds_total CPU time of its process, by shard
      # TYPE pushctl_shard_cpu_seconds_total counter
      pushctl_shard_cpu_seconds_total{shard="0"} 2.5

      # HELP pushctl_gc_pause_seconds Garbage collection pauses of all processes of the node, by kind
      # TYPE pushctl_gc_pause_seconds summary
      pushctl_gc_pause_seconds{kind="minor",quantile="0.5"} 0.0004
      pushctl_gc_pause_seconds{kind="minor",quantile="0.9"} 0.0007
      pushctl_gc_pause_seconds{kind="minor",quantile="0.99"} 0.0009
      pushctl_gc_pause_seconds{kind="minor",quantile="0.999"} 0.0009
      pushctl_gc_pause_seconds{kind="minor",quantile="1"} 0.0009
      pushctl_gc_pause_seconds_sum{kind="minor"} 0.002
      pushctl_gc_pause_seconds_count{kind="minor"} 4

      # HELP pushctl_loop_lag_seconds How late the event loops of the node run
      # TYPE pushctl_loop_lag_seconds summary
      pushctl_loop_lag_seconds{quantile="0.5"} 0.0004
      pushctl_loop_lag_seconds{quantile="0.9"} 0.0007
      pushctl_loop_lag_seconds{quantile="0.99"} 0.0009
      pushctl_loop_lag_seconds{quantile="0.999"} 0.0009
      pushctl_loop_lag_seconds{quantile="1"} 0.0009
      pushctl_loop_lag_seconds_sum 0.002
      pushctl_loop_lag_seconds_count 4
      "
    `)
  })

  it('has no series per device', async () => {
    await server.ask('/metrics')
    const before = (await server.ask('/metrics')).text.split('\n').length
    for (let index = 0; index < 100; index++) server.node.connect(`device-${index}`, ['tag'])
    expect((await server.ask('/metrics')).text.split('\n').length).toBe(before)
  })

  it('names everything pushctl_…, and counters and amounts by their unit', () => {
    for (const { name, type } of METRICS) {
      expect(name).toMatch(/^pushctl_[a-z_]+[a-z]$/)
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
      if (type === 'summary' || type === 'histogram') expect(name).toMatch(/_seconds$/)
    }
    expect(new Set(METRICS.map((metric) => metric.name)).size).toBe(METRICS.length)
  })
})
