import { expect, it } from 'vitest'
import { movingCounters } from '../../../src/doctor/watch/moving-counters.ts'
import { factsWith, sockstatWith } from '../facts-builder.ts'
import { softirqPercents, softnetWith } from '../host-builder.ts'

it('rates are moves over the window, levels are of the second sample', () => {
  const times = softirqPercents([0, 60])
  const counters = movingCounters(
    factsWith({
      counters: {
        'Tcp.CurrEstab': [10, 20],
        'Tcp.OutSegs': [0, 5_000],
        'Tcp.RetransSegs': [0, 50],
        'TcpExt.ListenOverflows': [7, 12],
      },
      sysctls: { 'net.ipv4.tcp_mem': '100 200 300', 'net.ipv4.tcp_max_tw_buckets': 8_192 },
      before: { cpuTimes: times.before, softnet: softnetWith([{ dropped: 2 ** 32 - 5 }]) },
      after: {
        cpuTimes: times.after,
        softnet: softnetWith([{ dropped: 5 }]),
        sockstat: sockstatWith({ timeWait: 31, tcpMemoryPages: 2 }),
      },
    }),
  )
  expect(counters).toMatchObject({
    established: 20,
    timeWait: 31,
    timeWaitMax: 8_192,
    tcpMemoryBytes: 8_192,
    tcpPressureBytes: 819_200,
    segmentsPerSecond: 1_000,
    retransmitsPerSecond: 10,
    listenOverflowsPerSecond: 1,
    softnetDropsPerSecond: 2,
    cpus: [
      { cpu: 0, softirq: 0, busy: 0 },
      { cpu: 1, softirq: 0.6, busy: 0.6 },
    ],
  })
})

it('what was not read is null, not 0', () => {
  const { cpus, ...counts } = movingCounters(factsWith())
  expect(cpus).toEqual([])
  expect(new Set(Object.values(counts))).toEqual(new Set([null]))
})
