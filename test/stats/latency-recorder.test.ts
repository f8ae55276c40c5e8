import fc from 'fast-check'
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import { LATENCY_US_MAX, LatencyRecorder } from '../../src/stats/latency-recorder.ts'

const latencies = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 5_000 }),
    fc.integer({ min: 1, max: LATENCY_US_MAX }),
    fc.integer({ min: 0, max: 31 }).map((bit) => Math.min(2 ** bit, LATENCY_US_MAX)),
    fc.integer({ min: 1, max: 31 }).map((bit) => Math.min(2 ** bit - 1, LATENCY_US_MAX)),
  ),
  { minLength: 1, maxLength: 200 },
)

function recorderOf(values: readonly number[]): LatencyRecorder {
  const recorder = new LatencyRecorder()
  for (const value of values) recorder.recordUs(value)
  return recorder
}

/** The library on its own, as the oracle. */
function histogramOf(values: readonly number[]): Histogram {
  const histogram = build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LATENCY_US_MAX,
    numberOfSignificantValueDigits: 3,
  })
  for (const value of values) histogram.recordValue(value)
  return histogram
}

test('counts as the library itself does, and encodes to something every port can read', () => {
  fc.assert(
    fc.property(latencies, (values) => {
      const oracle = histogramOf(values)
      const recorder = recorderOf(values)
      const decoded = decodeFromCompressedBase64(recorder.toBase64(), 64)
      expect(decoded.outputPercentileDistribution()).toBe(recorder.percentileDistribution())
      expect(recorder.summary().mean).toBeCloseTo(oracle.mean, 2)
      for (const percentile of [0.1, 1, 50, 75, 90, 95, 99, 99.9, 99.99, 100]) {
        expect(recorder.valueAtPercentile(percentile)).toBe(oracle.getValueAtPercentile(percentile))
      }
    }),
    { numRuns: 25 },
  )
})

test('keeps every percentile within a thousandth of the exact one', () => {
  fc.assert(
    fc.property(
      latencies,
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      (values, percentile) => {
        const sorted = [...values].sort((a, b) => a - b)
        const rank = Math.max(1, Math.ceil((percentile / 100) * sorted.length - 1e-9))
        const exact = sorted[rank - 1]
        const measured = recorderOf(values).valueAtPercentile(percentile)
        expect(measured).toBeGreaterThanOrEqual(exact)
        expect(measured - exact).toBeLessThanOrEqual(exact / 1000)
      },
    ),
    { numRuns: 200 },
  )
})

test('a merge of encoded shards is the same as one recorder that saw everything', () => {
  fc.assert(
    fc.property(fc.array(latencies, { minLength: 1, maxLength: 4 }), (shards) => {
      const merged = new LatencyRecorder()
      for (const values of shards) {
        const sent = structuredClone(recorderOf(values).encode())
        merged.merge(LatencyRecorder.decode(sent))
      }
      const whole = recorderOf(shards.flat())
      expect(merged.encode()).toEqual(whole.encode())
      expect(merged.summary()).toEqual(whole.summary())
    }),
    { numRuns: 30 },
  )
})

test('a report can be rebuilt from the base64 in it', () => {
  fc.assert(
    fc.property(latencies, (values) => {
      const recorder = recorderOf(values)
      const summary = recorder.summary()
      expect(LatencyRecorder.fromBase64(summary.hdr).encode()).toEqual(recorder.encode())
      expect(LatencyRecorder.fromBase64(summary.hdr).summary()).toEqual(summary)
    }),
    { numRuns: 30 },
  )
})

test('values outside 1 µs to 1 hour are counted at the nearer end and reported', () => {
  const recorder = recorderOf([-5, 0, 0.4, Number.NaN, 1, 1.9, LATENCY_US_MAX])
  recorder.recordUsCount(Number.POSITIVE_INFINITY, 3)
  const { count, min, max, p50, hdr } = recorder.summary()
  expect({ count, min, max, p50, clamped: recorder.clamped }).toMatchInlineSnapshot(`
    {
      "clamped": 7,
      "count": 10,
      "max": 3600809983,
      "min": 1,
      "p50": 1,
    }
  `)
  expect(LatencyRecorder.decode(recorder.encode()).clamped).toBe(7)
  expect(LatencyRecorder.fromBase64(hdr).count).toBe(10)
})

test('a counter passes 2^32 without wrapping', () => {
  const recorder = new LatencyRecorder()
  recorder.recordUsCount(700, 2 ** 32)
  recorder.recordUs(700)
  const again = LatencyRecorder.fromBase64(LatencyRecorder.decode(recorder.encode()).toBase64())
  expect(again.count).toBe(2 ** 32 + 1)
  expect(again.valueAtPercentile(100)).toBe(700)
})

test('an empty recorder says so by its count, and so does one that was reset', () => {
  const recorder = recorderOf([5, -1, 70_000])
  recorder.reset()
  const empty = new LatencyRecorder()
  expect(recorder.summary()).toEqual(empty.summary())
  expect([recorder.count, recorder.clamped, recorder.max]).toEqual([0, 0, 0])
  const { hdr, ...numbers } = empty.summary()
  expect(new Set(Object.values(numbers))).toEqual(new Set([0]))
  expect(LatencyRecorder.fromBase64(hdr).count).toBe(0)
})

test('what one recorder had earlier can be taken away from what it has now', () => {
  const values = fc.array(fc.integer({ min: -5, max: 5_000_000 }), { maxLength: 50 })
  const property = fc.property(values, values, (earlier, later) => {
    const [before, after, since] = [1, 2, 3].map(() => new LatencyRecorder())
    for (const us of earlier) before!.recordUs(us)
    for (const us of [...earlier, ...later]) after!.recordUs(us)
    for (const us of later) since!.recordUs(us)
    expect(after!.subtract(before!)).toBe(true)
    expect(after!.encode()).toEqual(since!.encode())
    expect([after!.count, after!.max]).toEqual([since!.count, since!.max])
  })
  fc.assert(property)
})

test('what a recorder never had cannot be taken away', () => {
  const [before, after] = [new LatencyRecorder(), new LatencyRecorder()]
  before.recordUs(10)
  after.recordUs(10)
  before.recordUs(900)
  after.recordUs(901_000)
  const same = after.encode()
  expect(after.subtract(before)).toBe(false)
  expect(after.encode()).toEqual(same)
})

test('bytes that are no encoded recorder are refused and nothing is merged', () => {
  const target = recorderOf([1])
  const good = recorderOf([4, 5, 60_000]).encode()
  const beyond = good.slice()
  new DataView(beyond.buffer).setUint32(16, 1_000_000, true)
  const negative = good.slice()
  new DataView(negative.buffer).setFloat64(20, -1, true)
  for (const bytes of [
    new Uint8Array(0),
    good.slice(0, -1),
    beyond,
    negative,
    new Uint8Array(40),
  ]) {
    expect(() => target.mergeEncoded(bytes)).toThrow(/expected an encoded latency recorder/)
  }
  expect(target.encode()).toEqual(recorderOf([1]).encode())
})

test('base64 that is no histogram of ours is refused with what was expected', () => {
  const foreign = build({ highestTrackableValue: 1000, numberOfSignificantValueDigits: 2 })
  foreign.recordValue(7)
  const truncated = recorderOf([9]).toBase64().slice(0, 20)
  for (const text of ['', 'bm90IGEgaGlzdG9ncmFt', truncated, encodeIntoCompressedBase64(foreign)]) {
    expect(() => LatencyRecorder.fromBase64(text)).toThrow(/expected a compressed HdrHistogram V2/)
  }
})
