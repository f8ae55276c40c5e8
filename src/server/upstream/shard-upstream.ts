/**
 * The shard's end of upstream traffic: gathers what devices SEND, and who came and went, into one
 * message a loop turn, and writes SENT frames when the main thread has answered. What is on its way
 * to a main thread that does not keep up is bounded: beyond it devices are told "overloaded" at
 * once.
 *
 *   DeviceFrames ─ SEND ─► rows + arena ─ end of turn ─► main ─► sinks
 *   device       ◄─ SENT ─ statuses     ◄───────────────┘
 */
import type { Slot, SocketEngine } from '../../engine/socket-engine.ts'
import type { FrameReader } from '../../protocol/frame-reader.ts'
import { SENT_STATUS } from '../../protocol/frame-types.ts'
import { SENT_BYTES_MAX, writeSent } from '../../protocol/frame-writer.ts'
import type { FrameOutput } from '../frame-output.ts'
import type { JoinBatches } from '../join-batches.ts'
import { carrierNameOf } from '../http-devices/http-engine.ts'
import type { SessionTable } from '../session-table.ts'
import {
  ROW_BYTES,
  type ShardUpstreamSettings,
  TEXTS_PER_ROW,
  UPSTREAM_ROW,
  type UpstreamAnswers,
  type UpstreamRows,
} from './upstream-messages.ts'

const ROWS_AT_START = 256
const TEXT_BYTES_AT_START = 64 * 1024
/** Posted at once when this much is gathered: the main thread works on a message for some 5 ms. */
const TEXT_BYTES_MAX = 256 * 1024
/** Text on its way to the main thread, of one shard: some 10,000 frames of 256 bytes. */
const UNANSWERED_BYTES_MAX = 4 << 20
/** Of addSend(): the answer comes later, from the main thread. */
export const ANSWERED_LATER = -1

export interface ShardUpstreamParts {
  readonly engine: SocketEngine
  readonly sessions: SessionTable
  readonly output: FrameOutput
  readonly joins: JoinBatches
  readonly post: (message: UpstreamRows) => void
  /** undefined: this node takes nothing upstream. */
  readonly settings: ShardUpstreamSettings | undefined
}

export class ShardUpstream {
  /** Whether devices that come and go are told. */
  deviceEvents: boolean
  readonly #parts: ShardUpstreamParts
  readonly #names = new Map<string, Uint8Array>()
  #rowKinds = new Uint8Array(ROWS_AT_START)
  #slots = new Int32Array(ROWS_AT_START)
  #generations = new Uint16Array(ROWS_AT_START)
  #requestIds = new Float64Array(ROWS_AT_START)
  #sessionIds = new Uint32Array(ROWS_AT_START)
  #textEnds = new Uint32Array(ROWS_AT_START * TEXTS_PER_ROW)
  #texts = new Uint8Array(TEXT_BYTES_AT_START)
  #count = 0
  #textBytes = 0
  /** Where in textEnds the next text of the row ends. */
  #textAt = 0
  #unansweredBytes = 0
  #isScheduled = false

  constructor(parts: ShardUpstreamParts) {
    this.#parts = parts
    this.deviceEvents = parts.settings?.deviceEvents ?? false
  }

  /** `payload` from start to end. Returns SENT_STATUS to answer now, or ANSWERED_LATER. */
  addSend(
    slot: Slot,
    frame: FrameReader,
    bytes: Uint8Array,
    payload: Uint8Array,
    start: number,
    end: number,
  ): number {
    if (!this.#parts.settings) return SENT_STATUS.REFUSED
    if (this.#isFull()) return SENT_STATUS.OVERLOADED
    this.#addRow(UPSTREAM_ROW.SEND, slot, frame.requestId)
    this.#addText(bytes, frame.productStart, frame.productEnd)
    this.#addText(bytes, frame.routeStart, frame.routeEnd)
    this.#addText(payload, start, end)
    this.#endRow()
    return ANSWERED_LATER
  }

  /** The session has begun. */
  addOnline(slot: Slot): void {
    if (!this.deviceEvents || this.#isFull()) return
    const { engine, sessions } = this.#parts
    this.#addState(UPSTREAM_ROW.ONLINE, slot, carrierNameOf(engine, sessions, slot))
  }

  /** The session ends, its row is still there: why is the name under which it is counted. */
  addOffline(slot: Slot, why: string): void {
    if (!this.deviceEvents || this.#isFull()) return
    if (this.#parts.sessions.isJoined(slot)) this.#addState(UPSTREAM_ROW.OFFLINE, slot, why)
  }

  onAnswers(answers: UpstreamAnswers): void {
    const { engine, sessions, output } = this.#parts
    this.#unansweredBytes -= answers.answeredBytes
    const { slots, generations, requestIds, statuses } = answers
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]
      if (engine.generationOf(slot) !== generations[i] || !sessions.isJoined(slot)) continue
      const at = output.open(slot, SENT_BYTES_MAX)
      output.send(slot, writeSent(output.bytes, at, requestIds[i], statuses[i]))
    }
  }

  flush(): void {
    this.#isScheduled = false
    const count = this.#count
    if (count === 0) return
    // Who went must have left the directory before the main thread reads why.
    this.#parts.joins.flush()
    this.#unansweredBytes += this.#textBytes + count * ROW_BYTES
    this.#count = 0
    this.#parts.post({
      kind: 'upstream',
      rowKinds: this.#rowKinds.slice(0, count),
      slots: this.#slots.slice(0, count),
      generations: this.#generations.slice(0, count),
      requestIds: this.#requestIds.slice(0, count),
      sessionIds: this.#sessionIds.slice(0, count),
      textEnds: this.#textEnds.slice(0, count * TEXTS_PER_ROW),
      texts: this.#texts.slice(0, this.#textBytes),
    })
    this.#textBytes = 0
  }

  #isFull(): boolean {
    return this.#unansweredBytes > UNANSWERED_BYTES_MAX
  }

  #addState(kind: number, slot: Slot, name: string): void {
    let text = this.#names.get(name)
    if (text === undefined) {
      text = new TextEncoder().encode(name)
      this.#names.set(name, text)
    }
    this.#addRow(kind, slot, 0)
    this.#addText(text, 0, text.length)
    this.#addText(text, 0, 0)
    this.#addText(text, 0, 0)
    this.#endRow()
  }

  /** Begins a row with the device id; three texts follow. */
  #addRow(kind: number, slot: Slot, requestId: number): void {
    const { engine, sessions } = this.#parts
    if (this.#count === this.#slots.length) this.#growRows()
    this.#rowKinds[this.#count] = kind
    this.#slots[this.#count] = slot
    this.#generations[this.#count] = engine.generationOf(slot)
    this.#requestIds[this.#count] = requestId
    this.#sessionIds[this.#count] = sessions.sessionIds[slot]
    this.#textAt = this.#count * TEXTS_PER_ROW
    const deviceId = sessions.deviceIdOf(slot)
    this.#addText(deviceId, 0, deviceId.length)
  }

  #addText(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#textBytes + end - start
    if (needed > this.#texts.length) this.#growTexts(needed)
    if (end - start <= 32) {
      for (let i = start; i < end; i++) this.#texts[this.#textBytes++] = bytes[i]
    } else {
      this.#texts.set(bytes.subarray(start, end), this.#textBytes)
      this.#textBytes = needed
    }
    this.#textEnds[this.#textAt++] = this.#textBytes
  }

  #endRow(): void {
    this.#count++
    if (this.#textBytes >= TEXT_BYTES_MAX) this.flush()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(() => this.flush())
    }
  }

  #growTexts(needed: number): void {
    const larger = new Uint8Array(Math.max(this.#texts.length * 2, needed))
    larger.set(this.#texts.subarray(0, this.#textBytes))
    this.#texts = larger
  }

  #growRows(): void {
    const rows = this.#slots.length * 2
    this.#rowKinds = grown(this.#rowKinds, new Uint8Array(rows))
    this.#slots = grown(this.#slots, new Int32Array(rows))
    this.#generations = grown(this.#generations, new Uint16Array(rows))
    this.#requestIds = grown(this.#requestIds, new Float64Array(rows))
    this.#sessionIds = grown(this.#sessionIds, new Uint32Array(rows))
    this.#textEnds = grown(this.#textEnds, new Uint32Array(rows * TEXTS_PER_ROW))
  }
}

function grown<Column extends { set(from: Column): void }>(column: Column, larger: Column): Column {
  larger.set(column)
  return larger
}
