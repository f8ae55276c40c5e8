/**
 * The log of stored broadcasts as one shard serves it: for each device how far it was sent and how
 * far it has acked. What is new goes out through the broadcast queue; a device that comes gets from
 * here what it has not received, by the cursor of its HELLO. Payloads that are not at hand are
 * asked for, many at once, while the devices that need them wait.
 *
 *   slot │ sent u32 │ acked u32 │ flags u8
 *     17 │       43 │        41 │ WILL_ACK
 *
 * Nine bytes a device, touched only where there are stored broadcasts or a device that acks.
 */
import type { Slot, SocketEngine } from '../../engine/socket-engine.ts'
import { HELLO_FLAG, LIMITS, MSG_FLAG, STREAM } from '../../protocol/frame-types.ts'
import { NOTIFY_BYTES_MAX, writeNotify } from '../../protocol/frame-writer.ts'
import type { FrameOutput } from '../frame-output.ts'
import type { TagIndex } from '../tag-index.ts'
import {
  type LogColumns,
  type LogOrder,
  type LogProgress,
  type LogWanted,
  STATE,
} from './broadcast-messages.ts'
import { DeviceScan } from './device-scan.ts'
import { LogWaiters } from './log-waiters.ts'
import { NO_POSITION } from './payload-cache.ts'
import { ShardEntries } from './shard-entries.ts'

const WINDOW_BYTES = LIMITS.sendQueueBytesMax / 2
/** What is asked for, and sent, at one time: some 4 ms of work between two turns of the loop. */
const ASKED_BYTES_MAX = 512 << 10
const SEQ_MAX = 0xffffffff
const FLAG = {
  WILL_ACK: HELLO_FLAG.WILL_ACK,
  /** Among the waiters. */
  WAITING: 0x40,
  /** More than its window was waiting: the rest follows its acks, and nothing overtakes it. */
  BEHIND: 0x80,
} as const

export interface ShardLogParts {
  readonly engine: SocketEngine
  readonly output: FrameOutput
  readonly tags: TagIndex
  readonly sessions: { isJoined(slot: Slot): boolean }
  readonly capacity: number
  readonly post: (message: LogProgress | LogWanted) => void
}

type Payloads = Extract<LogOrder, { kind: 'log-payloads' }>

export class ShardLog {
  /** MSG frames sent from here, not through the queue. */
  messagesSent = 0
  headSeq = 0
  readonly entries = new ShardEntries()
  /** Called when a payload has come for which the queue has called positionFor(). */
  onReady: () => void = () => {}
  readonly #parts: ShardLogParts
  readonly #scan: DeviceScan
  readonly #waiters = new LogWaiters()
  readonly #sentSeqs: Uint32Array
  readonly #ackedSeqs: Uint32Array
  readonly #flags: Uint8Array
  /** For so many of the waiters a question is under way; -1: none is. */
  #askedFor = -1
  /** The entry that the queue waits for; 0: none. */
  #queueSeq = 0
  #isScheduled = false

  constructor(parts: ShardLogParts) {
    this.#parts = parts
    this.#scan = new DeviceScan(this.entries.chains, parts.tags)
    this.#sentSeqs = new Uint32Array(parts.capacity)
    this.#ackedSeqs = new Uint32Array(parts.capacity)
    this.#flags = new Uint8Array(parts.capacity)
  }

  add(columns: LogColumns): void {
    this.entries.add(columns)
    this.headSeq = Math.max(this.headSeq, this.entries.lastSeq)
  }

  /** True: it was paused and goes on, so that devices may lack it and what came behind it. */
  setState(seq: number, state: number): boolean {
    const before = this.entries.stateOf(seq)
    if (before === 0 || before === state) return false
    this.entries.setState(seq, state)
    return before === STATE.PAUSED
  }

  drop(upToSeq: number): void {
    this.report()
    this.entries.drop(upToSeq)
  }

  /** The cursor and the flags of a HELLO. */
  onHello(slot: Slot, flags: number, broadcastSeq: number): void {
    const seq = Math.min(broadcastSeq, SEQ_MAX)
    // Written only where it differs, so that idle devices do not touch these pages.
    if (this.#sentSeqs[slot] !== seq) this.#sentSeqs[slot] = seq
    if (this.#ackedSeqs[slot] !== seq) this.#ackedSeqs[slot] = seq
    const kept = flags & FLAG.WILL_ACK
    if (this.#flags[slot] !== kept) this.#flags[slot] = kept
  }

  /** May the queue send the entry to this device now? Then it counts as sent. */
  claim(slot: Slot, seq: number): boolean {
    const sentSeq = this.#sentSeqs[slot]
    const flags = this.#flags[slot]
    if (flags & FLAG.BEHIND || sentSeq >= seq) return false
    // It would never get the paused one: what it has is one number.
    if (flags & FLAG.WILL_ACK && this.#pausedFor(slot, sentSeq) < seq) return false
    this.#sentSeqs[slot] = seq
    this.entries.countSent(seq)
    return true
  }

  /** Those with the entry's tag; null: it is for all. */
  membersOf(seq: number): Int32Array | null {
    const { entries } = this
    if (entries.isToAll(seq)) return null
    return this.#parts.tags.membersOfHash(entries.tagHighOf(seq), entries.tagLowOf(seq))
  }

  /** Position of the payload in the cache; where it is not there, onReady() will be called. */
  positionFor(seq: number): number {
    const position = this.entries.positionOf(seq)
    if (position === NO_POSITION) {
      this.#queueSeq = seq
      this.#ask()
    }
    return position
  }

  /** Sends what a device that acks has not received, up to its window. Returns how many. */
  catchUp(slot: Slot): number {
    const flags = this.#flags[slot]
    const mayAct = (flags & (FLAG.WILL_ACK | FLAG.WAITING)) === FLAG.WILL_ACK
    if (!mayAct || this.#sentSeqs[slot] >= this.headSeq) return 0
    return this.#sendAfter(slot, this.#sentSeqs[slot], SEQ_MAX)
  }

  /** As catchUp(), but one that has its window full goes on with its acks. */
  sweep(slot: Slot): number {
    return this.#flags[slot] & FLAG.BEHIND ? 0 : this.catchUp(slot)
  }

  onPull(slot: Slot, afterSeq: number, max: number): void {
    // It is being served.
    if (this.#flags[slot] & FLAG.WAITING) return
    const count = this.#sendAfter(slot, Math.min(afterSeq, SEQ_MAX), max)
    if (count > 0 || this.#flags[slot] & FLAG.WAITING) return
    const { output } = this.#parts
    const at = output.open(slot, NOTIFY_BYTES_MAX)
    output.send(slot, writeNotify(output.bytes, at, STREAM.BROADCAST, this.headSeq))
  }

  onAck(slot: Slot, seq: number): void {
    // What was not sent here cannot have been received here.
    const upTo = Math.min(seq, this.#sentSeqs[slot])
    const from = this.#ackedSeqs[slot]
    if (upTo <= from) return
    this.#ackedSeqs[slot] = upTo
    this.#scan.begin(slot, from)
    for (let at = this.#scan.next(); at !== 0 && at <= upTo; at = this.#scan.next()) {
      this.entries.countAcked(at)
    }
    if (upTo === this.#sentSeqs[slot] && this.#flags[slot] & FLAG.BEHIND) this.catchUp(slot)
  }

  onPayloads({ seqs, ends, isGone, payloads }: Payloads): void {
    const asked = this.#askedFor
    this.#askedFor = -1
    // Nothing could be read: they wait, and the next tick asks again.
    if (seqs.length === 0) return
    for (let at = 0; at < seqs.length; at++) {
      const seq = seqs[at]
      if (this.entries.stateOf(seq) === 0) continue
      const start = at === 0 ? 0 : ends[at - 1]
      if (isGone[at] === 1) this.entries.setState(seq, STATE.CANCELLED)
      else this.entries.keepPayload(seq, payloads.subarray(start, ends[at]))
    }
    if (this.#queueSeq !== 0) {
      this.#queueSeq = 0
      this.onReady()
    }
    this.#serve(asked)
    this.#goOn()
  }

  /** To be called every tick: tells the main thread what happened. */
  report(): void {
    const progress = this.entries.takeProgress()
    if (progress !== null) this.#parts.post(progress)
    this.#ask()
  }

  /** Returns how many were sent. */
  #sendAfter(slot: Slot, afterSeq: number, countMax: number): number {
    const { entries } = this
    const nowS = Date.now() / 1000
    // Later ones must wait too: acks are cumulative.
    const endSeq = this.#pausedFor(slot, afterSeq)
    let bytes = 0
    let count = 0
    this.#flags[slot] &= ~FLAG.BEHIND
    this.#scan.begin(slot, afterSeq)
    for (let seq = this.#scan.next(); seq !== 0 && seq < endSeq; seq = this.#scan.next()) {
      if (!entries.isDue(seq, nowS)) continue
      bytes += entries.bytesOf(seq)
      const isOver = count >= countMax || (count > 0 && bytes > WINDOW_BYTES)
      const position = isOver ? NO_POSITION : entries.positionOf(seq)
      if (position === NO_POSITION) {
        this.#flags[slot] |= FLAG.BEHIND
        if (count === 0 && !isOver) this.#wait(slot, afterSeq, countMax)
        break
      }
      this.#send(slot, seq, position)
      count++
    }
    return count
  }

  /** The first paused entry behind `afterSeq` that is meant for the device; Infinity: none. */
  #pausedFor(slot: Slot, afterSeq: number): number {
    const { entries } = this
    if (entries.paused.length === 0) return Number.POSITIVE_INFINITY
    const { tags } = this.#parts
    const nowS = Date.now() / 1000
    for (const seq of entries.paused) {
      if (seq <= afterSeq || !entries.isDue(seq, nowS)) continue
      if (entries.isToAll(seq)) return seq
      if (tags.hasHash(slot, entries.tagHighOf(seq), entries.tagLowOf(seq))) return seq
    }
    return Number.POSITIVE_INFINITY
  }

  #send(slot: Slot, seq: number, position: number): void {
    const { output } = this.#parts
    const { cache } = this.entries
    const isAgain = this.#sentSeqs[slot] >= seq
    const flags = BROADCAST_FLAGS | (isAgain ? MSG_FLAG.REDELIVERY : 0)
    const start = cache.offsetOf(position)
    output.sendMsg(
      slot,
      flags,
      seq,
      cache.bytesOf(position),
      start,
      start + this.entries.bytesOf(seq),
    )
    this.messagesSent++
    if (isAgain) return
    this.#sentSeqs[slot] = seq
    this.entries.countSent(seq)
  }

  #wait(slot: Slot, afterSeq: number, countMax: number): void {
    this.#flags[slot] |= FLAG.WAITING
    this.#waiters.add(slot, this.#parts.engine.generationOf(slot), afterSeq, countMax)
    this.#goOn()
  }

  /** Who waits since the same turn is asked for with one question. */
  #goOn(): void {
    if (this.#isScheduled || this.#askedFor >= 0) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#ask()
    })
  }

  /** Asks for what the first of the waiters need, and serves them where all of it is here. */
  #ask(): void {
    if (this.#askedFor >= 0 || (this.#waiters.count === 0 && this.#queueSeq === 0)) return
    const wanted = new Set<number>()
    if (this.#queueSeq !== 0) wanted.add(this.#queueSeq)
    let bytes = 0
    let count = 0
    for (; count < this.#waiters.count && bytes < ASKED_BYTES_MAX; count++) {
      bytes += this.#collect(this.#waiters.first + count, wanted)
    }
    if (wanted.size > 0) {
      this.#askedFor = count
      this.#parts.post({ kind: 'log-wanted', seqs: Float64Array.from(wanted) })
      return
    }
    this.#serve(count)
    this.#parts.engine.flush()
    if (this.#waiters.count > 0) this.#goOn()
  }

  /** What the waiter of this row needs and is not here; returns what it will be sent, in bytes. */
  #collect(row: number, wanted: Set<number>): number {
    const { slots, afterSeqs, countMaxes } = this.#waiters
    const slot = slots[row]
    if (!this.#isHere(row)) return 0
    const { entries } = this
    const nowS = Date.now() / 1000
    const endSeq = this.#pausedFor(slot, afterSeqs[row])
    let bytes = 0
    let count = 0
    this.#scan.begin(slot, afterSeqs[row])
    for (let seq = this.#scan.next(); seq !== 0 && seq < endSeq; seq = this.#scan.next()) {
      if (!entries.isDue(seq, nowS)) continue
      bytes += entries.bytesOf(seq)
      if (count++ >= countMaxes[row] || bytes > WINDOW_BYTES) break
      if (entries.positionOf(seq) === NO_POSITION) wanted.add(seq)
    }
    return bytes
  }

  #serve(count: number): void {
    for (let i = 0; i < count; i++) {
      const row = this.#waiters.take()
      if (!this.#isHere(row)) continue
      const { slots, afterSeqs, countMaxes } = this.#waiters
      const slot = slots[row]
      this.#flags[slot] &= ~FLAG.WAITING
      this.#sendAfter(slot, afterSeqs[row], countMaxes[row])
    }
  }

  #isHere(row: number): boolean {
    const { engine, sessions } = this.#parts
    const { slots, generations } = this.#waiters
    const slot = slots[row]
    return engine.generationOf(slot) === generations[row] && sessions.isJoined(slot)
  }
}

export const BROADCAST_FLAGS = MSG_FLAG.WANTS_ACK | MSG_FLAG.BROADCAST
