/**
 * Broadcasts of a shard, one after the other, so that a device gets them in the order in which they
 * were accepted. A broadcast is encoded once for each carrier and sent in slices; between two
 * slices the loop serves heartbeats and everybody else. Cost of a slice: about 6 µs of kernel time
 * a device.
 */
import type { Slot, SocketEngine } from '../engine/socket-engine.ts'
import { msgBytesMax, writeMsg } from '../protocol/frame-writer.ts'
import { BROADCAST_FLAGS, type ShardLog, type ShardLogEntry } from './broadcast/shard-log.ts'
import type { FrameOutput } from './frame-output.ts'
import { CARRIER, type SessionTable } from './session-table.ts'

/** About 5 ms of sending: a heartbeat never waits longer for a broadcast. */
const SLICE_DEVICES = 1024
/**
 * How often a paced broadcast goes on: often enough to be even, seldom enough that a turn serves
 * some devices. A node of fifty processes would spend half a core on waking up for two at a time.
 */
const PACE_MS_MIN = 5
const PACE_MS_MAX = 250
const PACED_DEVICES_PER_TURN = 32
/** Broadcasts that may wait, of up to 64 KiB in three forms each: 50 MB at the most. */
const WAITING_MAX = 256
export const QUEUE_FULL = -1
const CARRIERS = [CARRIER.TCP, CARRIER.WS_BINARY, CARRIER.WS_JSON] as const

interface Broadcast {
  /** null: all joined devices, row by row. */
  readonly members: { readonly slots: Int32Array; readonly generations: Uint16Array } | null
  readonly frame: Uint8Array
  /** The same without its head, for devices that get it sealed. */
  readonly payload: Uint8Array
  /** Of the log, where it is stored. */
  readonly entry: ShardLogEntry | null
  /** By carrier; encoded when the first device of that carrier is met. */
  readonly encoded: (Uint8Array | undefined)[]
  cursor: number
}

export class BroadcastQueue {
  /** Deliveries handed to the kernel or queued. */
  delivered = 0
  readonly #engine: SocketEngine
  readonly #sessions: SessionTable
  readonly #output: FrameOutput
  readonly #log: ShardLog
  #perSecond = 0
  #paceMs = 0
  readonly #waiting: Broadcast[] = []
  readonly #slices = CARRIERS.map(() => new Int32Array(SLICE_DEVICES))
  readonly #counts = new Int32Array(CARRIERS.length)
  #scheduled: NodeJS.Immediate | NodeJS.Timeout | null = null
  #isHeld = false
  #credit = 0
  #creditAtMs = 0

  /** `perSecond` 0: as fast as they go. */
  constructor(
    engine: SocketEngine,
    sessions: SessionTable,
    output: FrameOutput,
    log: ShardLog,
    perSecond: number,
  ) {
    this.#engine = engine
    this.#sessions = sessions
    this.#output = output
    this.#log = log
    this.setPace(perSecond)
  }

  /** Also for broadcasts that are under way; 0: as fast as they go. */
  setPace(perSecond: number): void {
    if (this.#perSecond === 0) this.#startPace()
    this.#perSecond = perSecond
    const turnMs = (PACED_DEVICES_PER_TURN * 1000) / perSecond
    this.#paceMs = Math.min(PACE_MS_MAX, Math.max(PACE_MS_MIN, turnMs))
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /**
   * Returns how many devices it is meant for now, or QUEUE_FULL; then nothing was taken. Devices
   * that join while it runs may get it too.
   */
  start(
    payload: Uint8Array,
    members: Int32Array | null,
    entry: ShardLogEntry | null = null,
  ): number {
    // Of the log there are never more than it has entries.
    if (entry === null && this.#waiting.length >= WAITING_MAX) return QUEUE_FULL
    const frame = new Uint8Array(msgBytesMax(payload.length))
    const flags = entry === null ? 0 : BROADCAST_FLAGS
    const end = writeMsg(frame, 0, flags, entry?.seq ?? 0, -1, payload, 0, payload.length)
    const joined = members && members.filter((slot) => this.#sessions.isJoined(slot))
    this.#waiting.push({
      members: joined && { slots: joined, generations: this.#generationsOf(joined) },
      frame: frame.subarray(0, end),
      payload: frame.subarray(end - payload.length, end),
      entry,
      encoded: [],
      cursor: 0,
    })
    if (this.#waiting.length === 1) this.#startPace()
    this.#schedule()
    return joined ? joined.length : this.#sessions.joinedCount
  }

  /** Takes an entry out again: it is started anew, or over. */
  forget(entry: ShardLogEntry): void {
    const at = this.#waiting.findIndex((each) => each.entry === entry)
    if (at >= 0) this.#waiting.splice(at, 1)
  }

  /** While held, broadcasts are taken and wait. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return
    this.#isHeld = isHeld
    if (isHeld) this.#unschedule()
    else {
      this.#startPace()
      this.#schedule()
    }
  }

  stop(): void {
    this.#waiting.length = 0
    this.#unschedule()
  }

  #unschedule(): void {
    clearTimeout(this.#scheduled as NodeJS.Timeout)
    clearImmediate(this.#scheduled as NodeJS.Immediate)
    this.#scheduled = null
  }

  /** No credit is earned while nothing waits. */
  #startPace(): void {
    this.#credit = 0
    this.#creditAtMs = performance.now()
  }

  #generationsOf(slots: Int32Array): Uint16Array {
    return Uint16Array.from(slots, (slot) => this.#engine.generationOf(slot))
  }

  #schedule(): void {
    if (this.#scheduled !== null || this.#waiting.length === 0 || this.#isHeld) return
    this.#scheduled =
      this.#perSecond > 0
        ? setTimeout(() => this.#run(), this.#paceMs)
        : setImmediate(() => this.#run())
  }

  #run(): void {
    this.#scheduled = null
    const broadcast = this.#next()
    // Only paused ones wait; they are started anew.
    if (!broadcast) return
    const sent = this.#sendSlice(broadcast, this.#allowance())
    this.#credit -= sent
    if (this.#isThrough(broadcast)) this.#waiting.splice(this.#waiting.indexOf(broadcast), 1)
    this.#schedule()
  }

  /**
   * The first that may go on. Behind a paused broadcast other stored ones wait, because acks are
   * cumulative.
   */
  #next(): Broadcast | null {
    const nowS = Date.now() / 1000
    const isOver = ({ entry }: Broadcast) =>
      entry !== null && (entry.state === 'cancelled' || entry.expiresAtS <= nowS)
    let isBlocked = false
    for (let at = 0; at < this.#waiting.length; at++) {
      const broadcast = this.#waiting[at]
      if (isOver(broadcast)) this.#waiting.splice(at--, 1)
      else if (broadcast.entry === null) return broadcast
      else if (broadcast.entry.state === 'paused') isBlocked = true
      else if (!isBlocked) return broadcast
    }
    return null
  }

  /** How many devices may be served now. */
  #allowance(): number {
    if (this.#perSecond === 0) return SLICE_DEVICES
    const nowMs = performance.now()
    const earned = ((nowMs - this.#creditAtMs) * this.#perSecond) / 1000
    this.#creditAtMs = nowMs
    // Credit beyond one slice is forgotten: a stalled shard must not answer with a burst.
    this.#credit = Math.min(this.#credit + earned, SLICE_DEVICES)
    return Math.floor(this.#credit)
  }

  #isThrough({ members, cursor }: Broadcast): boolean {
    return cursor >= (members ? members.slots.length : this.#sessions.usedEnd)
  }

  /** Returns how many it was sent to. */
  #sendSlice(broadcast: Broadcast, allowance: number): number {
    const { members, entry } = broadcast
    let left = allowance
    this.#counts.fill(0)
    while (left > 0 && !this.#isThrough(broadcast)) {
      const row = broadcast.cursor++
      const slot = members ? members.slots[row] : row
      if (!this.#sessions.isJoined(slot)) continue
      if (members && members.generations[row] !== this.#engine.generationOf(slot)) continue
      if (entry !== null && !this.#log.claim(slot, entry)) continue
      if (this.#output.isShareable(slot)) this.#add(slot)
      else this.#sendAlone(broadcast, slot)
      left--
    }
    for (const carrier of CARRIERS) this.#sendTo(broadcast, carrier)
    return allowance - left
  }

  #sendAlone({ entry, payload }: Broadcast, slot: Slot): void {
    const flags = entry === null ? 0 : BROADCAST_FLAGS
    this.#output.sendMsg(slot, flags, entry?.seq ?? 0, payload, 0, payload.length)
    this.delivered++
  }

  #add(slot: Slot): void {
    const carrier = this.#sessions.carrierOf[slot]
    this.#slices[carrier][this.#counts[carrier]++] = slot
  }

  #sendTo(broadcast: Broadcast, carrier: number): void {
    const count = this.#counts[carrier]
    if (count === 0) return
    broadcast.encoded[carrier] ??= this.#output.encodeFor(carrier, broadcast.frame)
    const bytes = broadcast.encoded[carrier]
    this.#engine.sendSame(this.#slices[carrier], count, bytes, 0, bytes.length)
    this.delivered += count
  }
}
