/**
 * The log of stored broadcasts as one shard has it: each entry once, and for each device how far it
 * was sent and how far it has acked. What is new goes out through the broadcast queue; a device
 * that comes gets from here what it has not received, by the cursor of its HELLO.
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
import type { BroadcastState, LogEntry, LogProgress } from './broadcast-messages.ts'

const WINDOW_BYTES = LIMITS.sendQueueBytesMax / 2
const SEQ_MAX = 0xffffffff
const FLAG = {
  WILL_ACK: HELLO_FLAG.WILL_ACK,
  /** More than its window was waiting: the rest follows its acks, and nothing overtakes it. */
  BEHIND: 0x80,
} as const

export interface ShardLogEntry {
  readonly seq: number
  readonly tag: string | null
  readonly payload: Uint8Array
  readonly expiresAtS: number
  state: BroadcastState
  /** Since the last report. */
  sent: number
  acked: number
}

export interface ShardLogParts {
  readonly engine: SocketEngine
  readonly output: FrameOutput
  readonly tags: TagIndex
  readonly capacity: number
  readonly post: (progress: LogProgress) => void
}

export class ShardLog {
  /** MSG frames sent from here, not through the queue. */
  messagesSent = 0
  headSeq = 0
  /** By seq, ascending. */
  #entries: ShardLogEntry[] = []
  readonly #parts: ShardLogParts
  readonly #sentSeqs: Uint32Array
  readonly #ackedSeqs: Uint32Array
  readonly #flags: Uint8Array

  constructor(parts: ShardLogParts) {
    this.#parts = parts
    this.#sentSeqs = new Uint32Array(parts.capacity)
    this.#ackedSeqs = new Uint32Array(parts.capacity)
    this.#flags = new Uint8Array(parts.capacity)
  }

  add(entry: LogEntry): ShardLogEntry {
    const { seq, tag, expiresAtS, state } = entry
    const payload = new Uint8Array(entry.payload)
    const kept = { seq, tag, payload, expiresAtS, state, sent: 0, acked: 0 }
    this.#entries.push(kept)
    this.headSeq = Math.max(this.headSeq, seq)
    return kept
  }

  /**
   * Returns what must go through the queue anew: a resumed entry and those after it, because
   * devices that came in the meantime have none of them.
   */
  setState(seq: number, state: BroadcastState): readonly ShardLogEntry[] {
    const entry = this.#entries.find((each) => each.seq === seq)
    if (entry === undefined || entry.state === state) return []
    entry.state = state
    if (state !== 'running') return []
    return this.#entries.filter((each) => each.seq >= seq && each.state !== 'cancelled')
  }

  drop(upToSeq: number): void {
    this.report()
    for (const entry of this.#entries) if (entry.seq <= upToSeq) entry.state = 'cancelled'
    this.#entries = this.#entries.filter(({ seq }) => seq > upToSeq)
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
  claim(slot: Slot, entry: ShardLogEntry): boolean {
    if (this.#flags[slot] & FLAG.BEHIND || this.#sentSeqs[slot] >= entry.seq) return false
    this.#sentSeqs[slot] = entry.seq
    entry.sent++
    return true
  }

  /** Sends what a device that acks has not received, up to its window. */
  catchUp(slot: Slot): void {
    if (!(this.#flags[slot] & FLAG.WILL_ACK) || this.#sentSeqs[slot] >= this.headSeq) return
    this.#sendAfter(slot, this.#sentSeqs[slot], SEQ_MAX)
  }

  onPull(slot: Slot, afterSeq: number, max: number): void {
    if (this.#sendAfter(slot, Math.min(afterSeq, SEQ_MAX), max) > 0) return
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
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const entry = this.#entries[at]
      if (entry.seq <= from) break
      if (entry.seq <= upTo && this.#isFor(slot, entry)) entry.acked++
    }
    const isDone = upTo === this.#sentSeqs[slot]
    if (isDone && this.#flags[slot] & FLAG.BEHIND) this.catchUp(slot)
  }

  /** To be called every tick: tells the main thread what happened. */
  report(): void {
    const changed = this.#entries.filter(({ sent, acked }) => sent > 0 || acked > 0)
    if (changed.length === 0) return
    this.#parts.post({
      kind: 'log-progress',
      seqs: Float64Array.from(changed, ({ seq }) => seq),
      sent: Uint32Array.from(changed, ({ sent }) => sent),
      acked: Uint32Array.from(changed, ({ acked }) => acked),
    })
    for (const entry of changed) {
      entry.sent = 0
      entry.acked = 0
    }
  }

  /** Returns how many were sent. */
  #sendAfter(slot: Slot, afterSeq: number, countMax: number): number {
    const nowS = Date.now() / 1000
    let bytes = 0
    let count = 0
    this.#flags[slot] &= ~FLAG.BEHIND
    for (const entry of this.#entries) {
      if (entry.seq <= afterSeq) continue
      // Later ones must wait too: acks are cumulative.
      if (entry.state === 'paused') break
      if (entry.state === 'cancelled' || entry.expiresAtS <= nowS) continue
      if (!this.#isFor(slot, entry)) continue
      bytes += entry.payload.length
      if (count >= countMax || (count > 0 && bytes > WINDOW_BYTES)) {
        this.#flags[slot] |= FLAG.BEHIND
        break
      }
      this.#send(slot, entry)
      count++
    }
    return count
  }

  #send(slot: Slot, entry: ShardLogEntry): void {
    const { output } = this.#parts
    const { payload, seq } = entry
    const isAgain = this.#sentSeqs[slot] >= seq
    const flags = BROADCAST_FLAGS | (isAgain ? MSG_FLAG.REDELIVERY : 0)
    output.sendMsg(slot, flags, seq, payload, 0, payload.length)
    this.messagesSent++
    if (isAgain) return
    this.#sentSeqs[slot] = seq
    entry.sent++
  }

  #isFor(slot: Slot, { tag }: ShardLogEntry): boolean {
    return tag === null || this.#parts.tags.has(slot, tag)
  }
}

export const BROADCAST_FLAGS = MSG_FLAG.WANTS_ACK | MSG_FLAG.BROADCAST
