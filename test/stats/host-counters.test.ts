import { expect, test } from 'vitest'
import {
  countersOf,
  deltaOf,
  hostReportOf,
  type KernelFile,
  readHostSample,
  sampleFrom,
} from '../../src/stats/host-counters.ts'

type Texts = Partial<Record<KernelFile, string>>
const sampleOf = (texts: Texts) => sampleFrom((file) => texts[file] ?? null)

const BEFORE: Texts = {
  'net/sockstat': 'TCP: inuse 5 orphan 0 tw 100 alloc 5 mem 20\n',
  'net/sockstat6': 'TCP6: inuse 3\n',
  'net/snmp': 'Tcp: OutSegs RetransSegs\nTcp: 1000 4\n',
  'net/netstat': 'TcpExt: ListenOverflows ListenDrops TCPTimeouts\nTcpExt: 1 2 3\n',
  'net/softnet_stat': '00000001 fffffffe 00000001\n00000001 00000005 00000000\n',
  stat: 'cpu  100 0 100 800 0 0 0 0 0 0\n',
}
const AFTER: Texts = {
  'net/sockstat': 'TCP: inuse 9 orphan 1 tw 60 alloc 9 mem 25\n',
  'net/sockstat6': 'TCP6: inuse 3\n',
  'net/snmp': 'Tcp: RetransSegs OutSegs\nTcp: 10 3000\n',
  'net/netstat': 'TcpExt: New ListenOverflows ListenDrops TCPTimeouts\nTcpExt: 9 1 7 4\n',
  'net/softnet_stat': '00000001 00000003 00000001\n00000001 00000006 00000002\n',
  stat: 'cpu  200 0 150 1000 0 0 40 10 0 0\n',
}

test('the report holds both moments and what happened in between', () => {
  expect(hostReportOf(sampleOf(BEFORE), sampleOf(AFTER))).toMatchInlineSnapshot(`
    {
      "after": {
        "aborts_on_memory": null,
        "backlog_drops": null,
        "cpu_percent": 50,
        "cpu_softirq_percent": 10,
        "cpu_steal_percent": 2.5,
        "listen_drops": 7,
        "listen_overflows": 1,
        "orphans": 1,
        "receive_collapsed": null,
        "receive_pruned": null,
        "receive_queue_drops": null,
        "retransmits": 10,
        "segments_received": null,
        "segments_sent": 3000,
        "sockets_in_use": 12,
        "softnet_drops": 9,
        "softnet_packets": 2,
        "softnet_squeezes": 3,
        "syn_retransmits": null,
        "tcp_memory_pages": 25,
        "tcp_timeouts": 4,
        "time_wait": 60,
        "time_wait_overflows": null,
        "zero_windows": null,
      },
      "before": {
        "aborts_on_memory": null,
        "backlog_drops": null,
        "cpu_percent": null,
        "cpu_softirq_percent": null,
        "cpu_steal_percent": null,
        "listen_drops": 2,
        "listen_overflows": 1,
        "orphans": 0,
        "receive_collapsed": null,
        "receive_pruned": null,
        "receive_queue_drops": null,
        "retransmits": 4,
        "segments_received": null,
        "segments_sent": 1000,
        "sockets_in_use": 8,
        "softnet_drops": 4294967299,
        "softnet_packets": 2,
        "softnet_squeezes": 1,
        "syn_retransmits": null,
        "tcp_memory_pages": 20,
        "tcp_timeouts": 3,
        "time_wait": 100,
        "time_wait_overflows": null,
        "zero_windows": null,
      },
      "delta": {
        "aborts_on_memory": null,
        "backlog_drops": null,
        "cpu_percent": 50,
        "cpu_softirq_percent": 10,
        "cpu_steal_percent": 2.5,
        "listen_drops": 5,
        "listen_overflows": 0,
        "orphans": 1,
        "receive_collapsed": null,
        "receive_pruned": null,
        "receive_queue_drops": null,
        "retransmits": 6,
        "segments_received": null,
        "segments_sent": 2000,
        "sockets_in_use": 4,
        "softnet_drops": 6,
        "softnet_packets": 0,
        "softnet_squeezes": 2,
        "syn_retransmits": null,
        "tcp_memory_pages": 5,
        "tcp_timeouts": 1,
        "time_wait": -40,
        "time_wait_overflows": null,
        "zero_windows": null,
      },
    }
  `)
})

test('what this host does not tell is null everywhere, and never zero', () => {
  const nothing = sampleOf({})
  const known = sampleOf(BEFORE)
  for (const counters of [
    countersOf(nothing),
    deltaOf(nothing, nothing),
    deltaOf(known, nothing),
    deltaOf(nothing, known),
  ]) {
    expect(new Set(Object.values(counters))).toEqual(new Set([null]))
    expect(counters).toHaveProperty('time_wait')
    expect(counters).toHaveProperty('cpu_percent')
  }
})

test('one missing file makes only its own counters unknown', () => {
  const { 'net/softnet_stat': _, ...rest } = BEFORE
  const counters = countersOf(sampleOf(rest))
  expect([counters['softnet_drops'], counters['time_wait']]).toEqual([null, 100])
})

test('a total that went back is unknown, a gauge that fell is negative', () => {
  const delta = deltaOf(sampleOf(AFTER), sampleOf(BEFORE))
  expect([delta['retransmits'], delta['time_wait']]).toEqual([null, 40])
  expect(deltaOf(sampleOf(BEFORE), sampleOf(AFTER))['time_wait']).toBe(-40)
})

test('a sample taken twice in the same tick has no CPU percentage', () => {
  expect(deltaOf(sampleOf(BEFORE), sampleOf(BEFORE))['cpu_percent']).toBeNull()
})

test.runIf(process.platform === 'linux')('this host tells the counters every report needs', () => {
  const counters = countersOf(readHostSample())
  for (const name of ['time_wait', 'retransmits', 'listen_overflows', 'softnet_drops']) {
    expect(counters[name]).toBeTypeOf('number')
  }
})

test('a folder without a captured host reads as unknown', () => {
  expect(new Set(Object.values(countersOf(readHostSample('/nonexistent'))))).toEqual(
    new Set([null]),
  )
})
