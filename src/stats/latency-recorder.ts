/**
 * One latency distribution in µs, and the only file that knows hdr-histogram-js. Counting and
 * writing down are ours, reading and percentile tables the library's: it needs 85 ns a record in
 * plain JavaScript (590 packed; 25 in WebAssembly, whose memory nobody collects), an index by clz32
 * into a Float64Array needs 10 (Node 20, 2-core VM, two million spread values). The layout of the
 * counts is HdrHistogram's own, so nothing is lost between the two; a test holds them equal. Costs
 * 184 KiB a recorder: one per shard and metric, never one per connection.
 */
import { createRequire } from 'node:module'
import type { Histogram } from 'hdr-histogram-js'
import { PushctlError } from '../errors/pushctl-error.ts'
import { encodeHdr } from './hdr-encoding.ts'
import type { DistributionReport } from './run-report.ts'

export const LATENCY_US_MIN = 1
/** One hour: beyond it a latency is an outage, and 3 digits still fit in 23 buckets. */
export const LATENCY_US_MAX = 3_600_000_000
const SIGNIFICANT_DIGITS = 3
const HDR_SHAPE = {
  digits: SIGNIFICANT_DIGITS,
  lowest: LATENCY_US_MIN,
  highest: LATENCY_US_MAX,
}

/**
 * HdrHistogram's counts for 3 digits: 2,048 counters of 1 µs, then 1,024 for each doubling.
 *
 *   value µs        │ counter
 *   0 … 2,047       │ value
 *   2,048 … 4,095   │ 2,048 + (value - 2,048) / 2
 *   4,096 … 8,191   │ 3,072 + (value - 4,096) / 4      … up to 2^32 - 1
 */
const HALF_BITS = 10
const HALF = 1 << HALF_BITS
const BUCKETS = 22
const COUNTERS = (BUCKETS + 1) * HALF
/** Leading zeros of the largest 32-bit value that bucket 0 holds. */
const LEADING_ZEROS_OF_BUCKET_0 = 32 - (HALF_BITS + 1)

/** 'PLR1': what encode() starts with, so that a stray message is refused and not merged. */
const MAGIC = 0x31524c50
const HEADER_BYTES = 16
const ENTRY_BYTES = 12

type HdrLibrary = typeof import('hdr-histogram-js')
let library: HdrLibrary | undefined

/**
 * Loaded when a result is first written down, and so only where results are: the library costs
 * 16 MB and 30 ms, which a hundred shards that count and never write would pay for nothing.
 */
function hdr(): HdrLibrary {
  library ??= createRequire(import.meta.url)('hdr-histogram-js') as HdrLibrary
  return library
}

export class LatencyRecorder {
  /** Doubles, not 32-bit: one counter may pass 2^32 in a soak of two hours. */
  readonly #counts = new Float64Array(COUNTERS)
  /**
   * Counters from here on are zero: most recorders use a tenth of theirs, and are read as often.
   */
  #end = 0
  #count = 0
  #clamped = 0

  /** Values recorded, clamped ones included. */
  get count(): number {
    return this.#count
  }

  /**
   * Values outside 1 µs … 1 hour; each is counted at the nearer end. Below 1 µs usually means two
   * clocks were compared.
   */
  get clamped(): number {
    return this.#clamped
  }

  /** Hot path: no allocation. Fractions of a µs are cut off. */
  recordUs(us: number): void {
    this.recordUsCount(us, 1)
  }

  /** Records `count` equal values, e.g. one broadcast slice. */
  recordUsCount(us: number, count: number): void {
    let value = us
    // Written so that NaN lands here too.
    if (!(value >= LATENCY_US_MIN)) {
      value = LATENCY_US_MIN
      this.#clamped += count
    } else if (value > LATENCY_US_MAX) {
      value = LATENCY_US_MAX
      this.#clamped += count
    }
    const counter = counterOf(value >>> 0)
    this.#counts[counter] += count
    if (counter >= this.#end && count > 0) this.#end = counter + 1
    this.#count += count
  }

  /** Adds every count of `other`; nothing is rounded. */
  merge(other: LatencyRecorder): void {
    const mine = this.#counts
    const theirs = other.#counts
    const end = other.#end
    for (let index = 0; index < end; index++) mine[index] += theirs[index]
    this.#end = Math.max(this.#end, end)
    this.#count += other.#count
    this.#clamped += other.#clamped
  }

  /** Takes away what `earlier` had; false, and nothing changes, where it had more. */
  subtract(earlier: LatencyRecorder): boolean {
    const mine = this.#counts
    const theirs = earlier.#counts
    const end = earlier.#end
    for (let index = 0; index < end; index++) if (theirs[index] > mine[index]) return false
    for (let index = 0; index < end; index++) mine[index] -= theirs[index]
    while (this.#end > 0 && mine[this.#end - 1] === 0) this.#end--
    this.#count -= earlier.#count
    this.#clamped = Math.max(0, this.#clamped - earlier.#clamped)
    return true
  }

  reset(): void {
    this.#counts.fill(0)
    this.#end = 0
    this.#count = 0
    this.#clamped = 0
  }

  /**
   * Everything recorded, for another thread, process or host: magic u32, entries u32, clamped f64,
   * then index u32 and count f64 for each counter that is not zero; little-endian. Typically 5–30
   * KB. The buffer is fresh and may be transferred.
   */
  encode(): Uint8Array {
    let entries = 0
    for (let index = 0; index < this.#end; index++) if (this.#counts[index] !== 0) entries++
    const bytes = new Uint8Array(HEADER_BYTES + entries * ENTRY_BYTES)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, MAGIC, true)
    view.setUint32(4, entries, true)
    view.setFloat64(8, this.#clamped, true)
    let at = HEADER_BYTES
    for (let index = 0; index < this.#end; index++) {
      const count = this.#counts[index]
      if (count === 0) continue
      view.setUint32(at, index, true)
      view.setFloat64(at + 4, count, true)
      at += ENTRY_BYTES
    }
    return bytes
  }

  /** @throws Error when the bytes are not what encode() wrote; nothing is merged then. */
  mergeEncoded(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const entries = entriesOf(view)
    let total = 0
    for (let entry = 0; entry < entries; entry++) {
      const at = HEADER_BYTES + entry * ENTRY_BYTES
      const count = view.getFloat64(at + 4, true)
      if (view.getUint32(at, true) >= COUNTERS || !isCount(count)) throw notARecorder(bytes)
      total += count
    }
    const clamped = view.getFloat64(8, true)
    if (clamped !== 0 && !isCount(clamped)) throw notARecorder(bytes)
    for (let entry = 0; entry < entries; entry++) {
      const at = HEADER_BYTES + entry * ENTRY_BYTES
      const index = view.getUint32(at, true)
      this.#counts[index] += view.getFloat64(at + 4, true)
      if (index >= this.#end) this.#end = index + 1
    }
    this.#count += total
    this.#clamped += clamped
  }

  static decode(bytes: Uint8Array): LatencyRecorder {
    const recorder = new LatencyRecorder()
    recorder.mergeEncoded(bytes)
    return recorder
  }

  /**
   * HdrHistogram V2, deflated, base64: readable by every HdrHistogram port. `clamped` is not in it.
   */
  toBase64(): string {
    return encodeHdr(this.#counts.subarray(0, Math.max(1, this.#end)), HDR_SHAPE)
  }

  /**
   * @throws PushctlError PUSHCTL_FILE_UNREADABLE when the text is no V2 histogram of ours (µs, 3
   * digits, at most one hour).
   */
  static fromBase64(text: string): LatencyRecorder {
    const histogram = histogramFromBase64(text)
    const recorder = new LatencyRecorder()
    for (let index = 0; index < COUNTERS; index++) {
      const count = histogram.getCountAtValue(lowestValueOf(index))
      recorder.#counts[index] = count
      recorder.#count += count
      if (count !== 0) recorder.#end = index + 1
    }
    return recorder
  }

  /**
   * The highest value equivalent to the one at this percentile (0 < percentile <= 100); 0 when
   * nothing was recorded. The library's rule in one scan of the counts (0.02 ms, its own takes 10
   * with the copy): live views ask every second.
   */
  valueAtPercentile(percentile: number): number {
    // Without the guard, 99.9 % of 1,000 is 999.0000000000001, and the next value up is reported.
    const wanted = Math.max(1, Math.ceil((percentile / 100) * this.#count * (1 - Number.EPSILON)))
    let reached = 0
    for (let index = 0; index < this.#end; index++) {
      reached += this.#counts[index]
      if (reached >= wanted) return highestValueOf(index)
    }
    return 0
  }

  /** Upper end in µs and count of every counter in use, ascending. */
  *counts(): Generator<readonly [us: number, count: number]> {
    for (let index = 0; index < this.#end; index++) {
      const count = this.#counts[index]
      if (count !== 0) yield [highestValueOf(index), count]
    }
  }

  /** Upper end of the highest counter in use; 0 when nothing was recorded. */
  get max(): number {
    return highestValueOf(this.#end - 1)
  }

  /**
   * min and max are the ends of their counters, as in every HdrHistogram port: so they say the same
   * before and after a merge, and never less than p99.99. All zero when nothing was recorded: look
   * at `count` first.
   */
  summary(): DistributionReport {
    const at = (percentile: number) => this.valueAtPercentile(percentile)
    const lowest = this.#counts.findIndex((count) => count !== 0)
    return {
      count: this.#count,
      min: lowest < 0 ? 0 : lowestValueOf(lowest),
      mean: Math.round(this.#mean() * 1000) / 1000,
      p50: at(50),
      p75: at(75),
      p90: at(90),
      p95: at(95),
      p99: at(99),
      p99_9: at(99.9),
      p99_99: at(99.99),
      max: this.max,
      hdr: this.toBase64(),
    }
  }

  /**
   * HdrHistogram's classic `.hgrm` text: values in µs divided by `scale`, 5 lines for each halving
   * of the distance to 100 %.
   */
  percentileDistribution(ticksPerHalfDistance = 5, scale = 1): string {
    return this.#toHistogram().outputPercentileDistribution(ticksPerHalfDistance, scale)
  }

  /** Of the middles of counters, as the library has it. */
  #mean(): number {
    let sum = 0
    for (let index = 0; index < this.#end; index++) {
      if (this.#counts[index] !== 0) sum += this.#counts[index] * middleValueOf(index)
    }
    return this.#count === 0 ? 0 : sum / this.#count
  }

  #toHistogram(): Histogram {
    const histogram = hdr().build({
      bitBucketSize: 64,
      autoResize: false,
      lowestDiscernibleValue: LATENCY_US_MIN,
      highestTrackableValue: LATENCY_US_MAX,
      numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
    })
    for (let index = 0; index < this.#end; index++) {
      const count = this.#counts[index]
      // The upper end, so that the library's max is the one it would have after decoding.
      if (count !== 0) histogram.recordValueWithCount(highestValueOf(index), count)
    }
    return histogram
  }
}

function counterOf(us: number): number {
  const bucket = Math.max(0, LEADING_ZEROS_OF_BUCKET_0 - Math.clz32(us))
  return (bucket << HALF_BITS) + (us >>> bucket)
}

function lowestValueOf(counter: number): number {
  if (counter < 2 * HALF) return counter
  const bucket = (counter >>> HALF_BITS) - 1
  return ((counter & (HALF - 1)) + HALF) * 2 ** bucket
}

function highestValueOf(counter: number): number {
  return counter < 0 ? 0 : lowestValueOf(counter + 1) - 1
}

function middleValueOf(counter: number): number {
  const lowest = lowestValueOf(counter)
  return lowest + Math.floor((lowestValueOf(counter + 1) - lowest) / 2)
}

function entriesOf(view: DataView): number {
  if (view.byteLength >= HEADER_BYTES && view.getUint32(0, true) === MAGIC) {
    const entries = view.getUint32(4, true)
    if (view.byteLength === HEADER_BYTES + entries * ENTRY_BYTES) return entries
  }
  throw notARecorder(view)
}

function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count > 0
}

function notARecorder(bytes: ArrayBufferView): Error {
  return new Error(`expected an encoded latency recorder, got ${bytes.byteLength} other bytes`)
}

/**
 * Public in the library's JavaScript, marked private in its types; the only way to read counts one
 * by one.
 */
interface CountReader {
  getCountAtValue(value: number): number
}

function histogramFromBase64(text: string): CountReader {
  let cause: unknown
  try {
    const histogram = hdr().decodeFromCompressedBase64(text, 64)
    const fits =
      histogram instanceof hdr().JsHistogram &&
      histogram.numberOfSignificantValueDigits === SIGNIFICANT_DIGITS &&
      histogram.highestTrackableValue <= LATENCY_US_MAX
    if (fits) return histogram as unknown as CountReader
  } catch (error) {
    cause = error
  }
  throw new PushctlError(
    'PUSHCTL_FILE_UNREADABLE',
    `expected a compressed HdrHistogram V2 (µs, 3 digits, one hour), got "${text.slice(0, 24)}…"`,
    { cause },
  )
}
