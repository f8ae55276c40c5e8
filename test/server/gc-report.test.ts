import { expect, it } from 'vitest'
import { GcReport } from '../../src/server/gc-report.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import type { GcSideReport } from '../../src/stats/run-report.ts'

function reportWith(count: number, atMs: number): GcSideReport {
  const recorder = new LatencyRecorder()
  recorder.recordUsCount(100, count)
  const pauses = recorder.summary()
  return {
    known: true,
    kinds: [{ kind: 'minor', pauses, longest: [{ at_ms: atMs, us: 100 }] }],
    loop_lag: pauses,
  }
}

it('is made once a second, and its times are as of the question', () => {
  const report = new GcReport()
  let made = 0
  const read = (nowMs: number) => {
    const [row] = report.read(nowMs, () => reportWith(++made, -50)).kinds
    return [row!.pauses.count, row!.longest![0]!.at_ms]
  }
  expect(read(5_000)).toEqual([1, -50])
  expect(read(5_400)).toEqual([1, -450])
  expect(read(5_999.6)).toEqual([1, -1_050])
  expect(read(6_000)).toEqual([2, -50])
})
