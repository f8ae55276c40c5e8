import fc from 'fast-check'
import { build } from 'hdr-histogram-js'
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { expect, it } from 'vitest'
import { LatencyRecorder, LATENCY_US_MAX } from '../../src/stats/latency-recorder.ts'

const value = fc.oneof(
  fc.integer({ min: 1, max: 3_000 }),
  fc.integer({ min: 1, max: LATENCY_US_MAX }),
)
const count = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.constantFrom(2 ** 13, 2 ** 27, 2 ** 34, 2 ** 48, 2 ** 50),
)

it('writes what the library writes, byte for byte, and means what it means', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(value, count), { maxLength: 40 }), (records) => {
      const recorder = new LatencyRecorder()
      const oracle = build({
        bitBucketSize: 64,
        autoResize: false,
        lowestDiscernibleValue: 1,
        highestTrackableValue: LATENCY_US_MAX,
        numberOfSignificantValueDigits: 3,
      })
      for (const [us, times] of records) {
        recorder.recordUsCount(us, times)
        oracle.recordValueWithCount(us, times)
      }
      expect(recorder.toBase64()).toBe(encodeIntoCompressedBase64(oracle))
      expect(recorder.summary().mean).toBeCloseTo(oracle.mean, 2)
    }),
    { numRuns: 100 },
  )
})
