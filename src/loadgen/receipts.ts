/**
 * What came back: latency, duplicates, order, per received message, without allocating. A broadcast
 * arrives as thousands of equal messages in one batch, so equal neighbours are counted as a run and
 * recorded once. Messages to one device, to a room and to all are counted apart, each against its
 * own numbers; where a run has broadcasts and others, the latencies here are those of the others,
 * because broadcasts have metrics of their own.
 *
 * One clock reading serves a batch, taken right after its bytes were read: reading the clock per
 * message would charge each message for the decoding of those before it. What a message waited in
 * the kernel until the batch was read is in its latency, as it was for the device.
 *
 * Only messages due at or after measureFromUs count (warm-up ends by intended time, so it needs no
 * reset that races).
 */
import type { Slot } from '../engine/socket-engine.ts'
import { LATENCY_US_MIN, LatencyRecorder } from '../stats/latency-recorder.ts'
import { BroadcastLedger } from './broadcast-ledger.ts'
import type { ConnectionRows } from './connection-rows.ts'
import {
  BROADCAST_MARK,
  isMarkerOf,
  MARKER_INTENDED_AT,
  MARKER_SEQ_AT,
  MARKER_WRITTEN_AT,
  ROOM_MARK,
} from './marker.ts'
import { ARRIVAL } from './sequence-windows.ts'
import type { ClockCorrection } from './run-part.ts'
import type { Activities } from './workload.ts'

const NO_VIEW: DataView = new DataView(new ArrayBuffer(0))
/** Of a sum of two times and a difference: far below what is between two broadcasts. */
const ROUNDING_US = 1
const SEQ_BITS = ROOM_MARK - 1
const NOTHING_RECORDED = new LatencyRecorder().encode()

/** Of the measured time. */
export interface ReceiptCounts {
  /** All, duplicates included. */
  received: number
  duplicated: number
  reordered: number
}

export class Receipts {
  readonly response = new LatencyRecorder()
  readonly service = new LatencyRecorder()
  /** Response times since the last takeInterval(). */
  readonly #interval = new LatencyRecorder()
  readonly ledger: BroadcastLedger | null
  /** Messages to one device. */
  readonly direct: ReceiptCounts = { received: 0, duplicated: 0, reordered: 0 }
  readonly broadcasts: ReceiptCounts = { received: 0, duplicated: 0, reordered: 0 }
  readonly rooms: ReceiptCounts = { received: 0, duplicated: 0, reordered: 0 }
  /** Payloads without a marker of this run: somebody else pushes to our devices. */
  foreign = 0
  /** Latencies further below zero than the clocks can be wrong. */
  refused = 0
  #measureFromUs = Number.POSITIVE_INFINITY
  /** The same on the clock of whoever broadcasts. */
  #broadcastFromUs = Number.POSITIVE_INFINITY
  #shiftUs = 0
  /** -1: broadcasts come from our own clock. */
  #clockErrorUs = -1

  readonly #rows: ConnectionRows
  readonly #runId: number
  readonly #timesBroadcasts: boolean
  #view = NO_VIEW
  #viewedBytes: Uint8Array = new Uint8Array(0)
  #nowUs = 0
  #runCount = 0
  #runMark = 0
  #runIntendedUs = 0
  #runWrittenUs = 0

  constructor(rows: ConnectionRows, runId: number, activities: Activities) {
    const { broadcast, unicast } = activities
    this.#rows = rows
    this.#runId = runId
    this.ledger = broadcast ? new BroadcastLedger() : null
    this.#timesBroadcasts = broadcast && !unicast
  }

  get received(): number {
    return this.direct.received + this.broadcasts.received + this.rooms.received
  }

  get duplicated(): number {
    return this.direct.duplicated + this.broadcasts.duplicated + this.rooms.duplicated
  }

  get reordered(): number {
    return this.direct.reordered + this.broadcasts.reordered + this.rooms.reordered
  }

  /** Counts from zero; what each connection has received is still known. */
  reset(): void {
    this.response.reset()
    this.service.reset()
    this.#interval.reset()
    for (const counts of [this.direct, this.broadcasts, this.rooms]) {
      counts.received = 0
      counts.duplicated = 0
      counts.reordered = 0
    }
    this.foreign = 0
    this.refused = 0
    this.#measureFromUs = Number.POSITIVE_INFINITY
    this.#broadcastFromUs = Number.POSITIVE_INFINITY
  }

  /** What is due from here on counts; `clock` where broadcasts come from another host. */
  begin(measureFromUs: number, clock?: ClockCorrection): void {
    this.#measureFromUs = measureFromUs
    this.#broadcastFromUs = measureFromUs
    if (clock === undefined) return
    this.correctClock(clock)
    this.#broadcastFromUs = measureFromUs - clock.shiftUs - ROUNDING_US
  }

  /** Clocks drift. What is counted stays counted by the correction that the stage began with. */
  correctClock({ shiftUs, errorUs }: ClockCorrection): void {
    this.#shiftUs = shiftUs
    this.#clockErrorUs = errorUs
  }

  beginBatch(nowUs: number): void {
    this.#nowUs = nowUs
  }

  endBatch(): void {
    this.#recordRun()
  }

  onMessage(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#viewedBytes) {
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      this.#viewedBytes = bytes
    }
    const view = this.#view
    if (!isMarkerOf(view, start, end - start, this.#runId)) {
      this.foreign += 1
      return
    }
    const mark = view.getUint32(start + MARKER_SEQ_AT)
    const dueUs = view.getFloat64(start + MARKER_INTENDED_AT)
    const isBroadcast = mark >= BROADCAST_MARK
    const fromUs = isBroadcast ? this.#broadcastFromUs : this.#measureFromUs
    if (!this.#count(slot, mark, dueUs >= fromUs)) return
    const shiftUs = isBroadcast ? this.#shiftUs : 0
    const intendedUs = dueUs + shiftUs
    const writtenUs = view.getFloat64(start + MARKER_WRITTEN_AT) + shiftUs
    if (
      this.#runCount > 0 &&
      intendedUs === this.#runIntendedUs &&
      writtenUs === this.#runWrittenUs &&
      mark === this.#runMark
    ) {
      this.#runCount += 1
      return
    }
    this.#recordRun()
    this.#runCount = 1
    this.#runMark = mark
    this.#runIntendedUs = intendedUs
    this.#runWrittenUs = writtenUs
  }

  /** Response times of the interval that ends now; they are in `response` from here on. */
  takeInterval(): Uint8Array {
    // A shard at rest is asked every second too: three scans of the counts are for those that work.
    if (this.#interval.count === 0) return NOTHING_RECORDED
    const encoded = this.#interval.encode()
    this.response.merge(this.#interval)
    this.#interval.reset()
    return encoded
  }

  /** True for a message whose latency counts: measured, and the first of its number. */
  #count(slot: Slot, mark: number, isMeasured: boolean): boolean {
    const isBroadcast = mark >= BROADCAST_MARK
    const isToRoom = !isBroadcast && mark >= ROOM_MARK
    const { broadcasts, rooms, direct } = this.#rows
    const windows = isBroadcast ? broadcasts : isToRoom ? rooms : direct
    // The number is noted in the warm-up too, so that what follows is judged against it.
    const arrival = windows.note(slot, mark & SEQ_BITS)
    if (!isMeasured) return false
    const counts = isBroadcast ? this.broadcasts : isToRoom ? this.rooms : this.direct
    counts.received += 1
    if (arrival === ARRIVAL.LATE) counts.reordered += 1
    if (arrival !== ARRIVAL.DUPLICATE) return true
    counts.duplicated += 1
    return false
  }

  #recordRun(): void {
    const count = this.#runCount
    if (count === 0) return
    this.#runCount = 0
    const isBroadcast = this.#runMark >= BROADCAST_MARK
    const aheadUs = this.#runWrittenUs - this.#nowUs
    const isAhead = isBroadcast && this.#clockErrorUs >= 0 && aheadUs >= 0
    const isRefused = isAhead && aheadUs > this.#clockErrorUs
    if (isRefused) this.refused += count
    // Within the error of two clocks it came at once; that it came counts in any case.
    const nowUs = isAhead ? this.#runWrittenUs + LATENCY_US_MIN : this.#nowUs
    if (!isRefused && (!isBroadcast || this.#timesBroadcasts)) {
      this.#interval.recordUsCount(nowUs - this.#runIntendedUs, count)
      this.service.recordUsCount(nowUs - this.#runWrittenUs, count)
    }
    if (isBroadcast && this.ledger !== null) {
      const seq = this.#runMark - BROADCAST_MARK
      this.ledger.record(seq, count, nowUs, this.#runIntendedUs, this.#runWrittenUs)
    }
  }
}
