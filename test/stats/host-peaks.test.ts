import { expect, test } from 'vitest'
import { type HostSample, sampleFrom } from '../../src/stats/host-counters.ts'
import { HostPeaks } from '../../src/stats/host-peaks.ts'

function sample(overflows: number, timeWait: number): HostSample {
  return sampleFrom((file) => {
    if (file === 'net/netstat') return `TcpExt: ListenOverflows\nTcpExt: ${overflows}\n`
    if (file === 'net/sockstat') return `TCP: inuse 5 orphan 0 tw ${timeWait} alloc 6 mem 2\n`
    return null
  })
}

test('the busiest second of a counter and the highest stand of a gauge are kept', () => {
  const peaks = new HostPeaks()
  peaks.add(sample(100, 3), 0)
  peaks.add(sample(100, 90), 1_000)
  peaks.add(sample(150, 10), 1_500)
  peaks.add(sample(160, 0), 2_500)
  expect(peaks.report()).toMatchObject({ listen_overflows_per_second: 100, time_wait: 90 })
})

test('a counter that went back or is not there has no peak', () => {
  const peaks = new HostPeaks()
  peaks.add(sample(100, 0), 0)
  peaks.add(sample(5, 0), 1_000)
  const report = peaks.report()
  expect(report).not.toHaveProperty('listen_overflows_per_second')
  expect(report).not.toHaveProperty('retransmits_per_second')
})

test('one sample knows gauges only', () => {
  const peaks = new HostPeaks()
  peaks.add(sample(7, 4), 0)
  expect(peaks.report()).toMatchObject({ time_wait: 4 })
  expect(Object.keys(peaks.report()).some((name) => name.endsWith('_per_second'))).toBe(false)
})
