/**
 * What came back: latency, duplicates, order, per received message, without allocating. A broadcast
 * arrives as thousands of equal messages in one batch, so equal neighbours are counted as a run and
 * recorded once.
 *
 * One clock reading serves a batch, taken right after its bytes were read: reading the clock per
 * message would charge each message for the decoding of those before it. What a message waited in
 * the kernel until the batch was read is in its latency, as it was for the device.
 *
 * Only messages due at or after measureFromUs count (warm-up ends by intended time, so it needs no
 * reset that races).
 */
import type { Slot } from '../engine/socket-engine.ts'
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import { BroadcastLedger } from './broadcast-ledger.ts'
import type { ConnectionRows } from './connection-rows.ts'
import { isMarkerOf, MARKER_INTENDED_AT, MARKER_SEQ_AT, MARKER_WRITTEN_AT } from './marker.ts'

/** Bits of the column `recent`. */
const WINDOW = 32
const NO_VIEW: DataView = new DataView(new ArrayBuffer(0))

export class Receipts {
  readonly response = new LatencyRecorder()
  readonly service = new LatencyRecorder()
  /** Response times since the last takeInterval(). */
  readonly #interval = new LatencyRecorder()
  readonly broadcasts: BroadcastLedger | null
  received = 0
  duplicated = 0
  reordered = 0
  /** Payloads without a marker of this run: somebody else pushes to our devices. */
  foreign = 0
  measureFromUs = Number.POSITIVE_INFINITY

  readonly #rows: ConnectionRows
  readonly #runId: number
  #view = NO_VIEW
  #viewedBytes: Uint8Array = new Uint8Array(0)
  #nowUs = 0
  #runCount = 0
  #runSeq = 0
  #runIntendedUs = 0
  #runWrittenUs = 0

  constructor(rows: ConnectionRows, runId: number, isBroadcast: boolean) {
    this.#rows = rows
    this.#runId = runId
    this.broadcasts = isBroadcast ? new BroadcastLedger() : null
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
    const seq = view.getUint32(start + MARKER_SEQ_AT)
    const intendedUs = view.getFloat64(start + MARKER_INTENDED_AT)
    const measured = intendedUs >= this.measureFromUs
    const isNew = this.#checkOrder(slot, seq, measured)
    if (!measured) return
    this.received += 1
    if (!isNew) return
    const writtenUs = view.getFloat64(start + MARKER_WRITTEN_AT)
    if (
      this.#runCount > 0 &&
      intendedUs === this.#runIntendedUs &&
      writtenUs === this.#runWrittenUs &&
      seq === this.#runSeq
    ) {
      this.#runCount += 1
      return
    }
    this.#recordRun()
    this.#runCount = 1
    this.#runSeq = seq
    this.#runIntendedUs = intendedUs
    this.#runWrittenUs = writtenUs
  }

  /** Response times of the interval that ends now; they are in `response` from here on. */
  takeInterval(): Uint8Array {
    const encoded = this.#interval.encode()
    this.response.merge(this.#interval)
    this.#interval.reset()
    return encoded
  }

  /**
   * False for a duplicate. Bit i of `recent` stands for lastSeq - i, so a number that comes late is
   * told from one that comes twice; one older than the window counts as a duplicate, because loss
   * must never be hidden.
   */
  #checkOrder(slot: Slot, seq: number, measured: boolean): boolean {
    const { lastSeq, recent } = this.#rows
    const behind = lastSeq[slot] - seq
    if (behind < 0) {
      recent[slot] = behind <= -WINDOW ? 1 : (recent[slot] << -behind) | 1
      lastSeq[slot] = seq
      return true
    }
    if (behind < WINDOW && (recent[slot] & (1 << behind)) === 0) {
      recent[slot] |= 1 << behind
      if (measured) this.reordered += 1
      return true
    }
    if (measured) this.duplicated += 1
    return false
  }

  #recordRun(): void {
    const count = this.#runCount
    if (count === 0) return
    this.#runCount = 0
    const nowUs = this.#nowUs
    this.#interval.recordUsCount(nowUs - this.#runIntendedUs, count)
    this.service.recordUsCount(nowUs - this.#runWrittenUs, count)
    if (this.broadcasts !== null) {
      const { broadcasts } = this
      broadcasts.record(this.#runSeq, count, nowUs, this.#runIntendedUs, this.#runWrittenUs)
    }
  }
}
