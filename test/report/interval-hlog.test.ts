import fc from 'fast-check'
import { HistogramLogReader } from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import { hlogHead, hlogLine, parseHlog } from '../../src/report/interval-hlog.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'

const STARTED = '2026-11-20T10:00:00.250Z'

function recorderOf(...values: number[]): LatencyRecorder {
  const recorder = new LatencyRecorder()
  for (const value of values) recorder.recordUs(value)
  return recorder
}

test('the head and a line are those of the format', () => {
  const text = hlogHead(STARTED, 'push_latency') + hlogLine(2_500, 1_000, recorderOf(100, 3_000))
  expect(text.split(',HISTFAAAA')[0]).toMatchInlineSnapshot(`
    "#[push_latency, response time in microseconds]
    #[Histogram log format version 1.3]
    #[StartTime: 1795168800.250 (seconds since epoch), 2026-11-20T10:00:00.250Z]
    "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
    1.500,1.000,3.001"
  `)
})

test('the reader of HdrHistogram finds every interval with its time and its values', () => {
  const lines = [hlogLine(1_000, 1_000, recorderOf(100)), hlogLine(2_000, 1_000, recorderOf(7, 9))]
  const reader = new HistogramLogReader(hlogHead(STARTED, 'push_latency') + lines.join(''))
  const [first, second] = [reader.nextIntervalHistogram(), reader.nextIntervalHistogram()]
  const started = Date.parse(STARTED)
  expect(first?.startTimeStampMsec).toBe(started)
  expect(second?.endTimeStampMsec).toBe(started + 2_000)
  expect([first?.totalCount, second?.totalCount, second?.maxValue]).toEqual([1, 2, 9])
  expect(reader.nextIntervalHistogram()).toBeNull()
})

test('what was written reads back, and a text cut anywhere loses no whole line', () => {
  const lines = [1, 2, 3].map((turn) => hlogLine(turn * 1_000, 1_000, recorderOf(turn * 50)))
  const head = hlogHead(STARTED, 'push_latency')
  const whole = head + lines.join('')
  const ends = lines.map((_, at) => head.length + lines.slice(0, at + 1).join('').length)
  fc.assert(
    fc.property(fc.nat(whole.length), (cut) => {
      const read = parseHlog(whole.slice(0, cut))
      expect(read).toHaveLength(ends.filter((end) => end <= cut).length)
      for (const [at, { endMs, hdr }] of read.entries()) {
        expect(endMs).toBe((at + 1) * 1_000)
        expect(LatencyRecorder.fromBase64(hdr).max).toBe((at + 1) * 50)
      }
    }),
    { numRuns: 25 },
  )
})
