/**
 * Broadcasts of a shard, one after the other, so that a device gets them in the order in which they
 * were accepted. A broadcast is encoded once for each carrier and sent in slices; between two
 * slices the loop serves heartbeats and everybody else. Cost of a slice: about 6 µs of kernel time
 * a device.
 *
 * Stored ones wait as a range of numbers of the log, however many they are, and are read from it
 * when their turn comes.
 */
import type { Slot, SocketEngine } from '../engine/socket-engine.ts'
import { msUntilTick } from '../stats/aligned-ticker.ts'
import { msgBytesMax, writeMsg } from '../protocol/frame-writer.ts'
import { STATE } from './broadcast/broadcast-messages.ts'
import { NO_POSITION } from './broadcast/payload-cache.ts'
import { BROADCAST_FLAGS, type ShardLog } from './broadcast/shard-log.ts'
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
  readonly kind: 'broadcast'
  /** null: all joined devices, row by row. */
  readonly members: { readonly slots: Int32Array; readonly generations: Uint16Array } | null
  readonly frame: Uint8Array
  /** The same without its head, for devices that get it sealed. */
  readonly payload: Uint8Array
  /** Its number in the log; 0: it is not stored. */
  readonly seq: number
  /** By carrier; encoded when the first device of that carrier is met. */
  readonly encoded: (Uint8Array | undefined)[]
  cursor: number
}

/** Entries of the log, one after the other. */
interface LogRange {
  readonly kind: 'log'
  firstSeq: number
  lastSeq: number
  /** Of the first of them, from its turn on. */
  current: Broadcast | null
}

/** All devices are looked at: who lacks something of the log gets it. */
interface Sweep {
  readonly kind: 'sweep'
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
  /** The shards of a node get a broadcast at once: their turns are apart. */
  readonly #phase = Math.random()
  readonly #waiting: (Broadcast | LogRange | Sweep)[] = []
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
    log.onReady = () => this.#schedule()
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
  start(payload: Uint8Array, members: Int32Array | null): number {
    if (this.#waiting.length >= WAITING_MAX) return QUEUE_FULL
    const broadcast = this.#broadcastOf(0, payload, 0, payload.length, members)
    this.#add(broadcast)
    return broadcast.members?.slots.length ?? this.#sessions.joinedCount
  }

  /** The same for an entry of the log, which is never refused. */
  startEntry(seq: number): number {
    const last = this.#waiting.at(-1)
    if (last?.kind === 'log') last.lastSeq = seq
    else this.#add({ kind: 'log', firstSeq: seq, lastSeq: seq, current: null })
    const members = this.#log.membersOf(seq)
    return members === null ? this.#sessions.joinedCount : this.#joinedOf(members).length
  }

  /** Before all else, devices get what they lack of the log: a paused entry goes on. */
  sweep(): void {
    const [first] = this.#waiting
    if (first?.kind === 'sweep') first.cursor = 0
    else this.#waiting.unshift({ kind: 'sweep', cursor: 0 })
    if (this.#waiting.length === 1) this.#startPace()
    this.#schedule()
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

  #add(item: Broadcast | LogRange): void {
    this.#waiting.push(item)
    if (this.#waiting.length === 1) this.#startPace()
    this.#schedule()
  }

  #broadcastOf(
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    members: Int32Array | null,
  ): Broadcast {
    const frame = new Uint8Array(msgBytesMax(end - start))
    const flags = seq === 0 ? 0 : BROADCAST_FLAGS
    const frameEnd = writeMsg(frame, 0, flags, seq, -1, bytes, start, end)
    const joined = members && this.#joinedOf(members)
    return {
      kind: 'broadcast',
      members: joined && { slots: joined, generations: this.#generationsOf(joined) },
      frame: frame.subarray(0, frameEnd),
      payload: frame.subarray(frameEnd - (end - start), frameEnd),
      seq,
      encoded: [],
      cursor: 0,
    }
  }

  #joinedOf(members: Int32Array): Int32Array {
    return members.filter((slot) => this.#sessions.isJoined(slot))
  }

  #generationsOf(slots: Int32Array): Uint16Array {
    return Uint16Array.from(slots, (slot) => this.#engine.generationOf(slot))
  }

  #schedule(): void {
    if (this.#scheduled !== null || this.#waiting.length === 0 || this.#isHeld) return
    this.#scheduled =
      this.#perSecond > 0
        ? setTimeout(() => this.#run(), msUntilTick(this.#paceMs, this.#phase))
        : setImmediate(() => this.#run())
  }

  #run(): void {
    this.#scheduled = null
    const at = this.#next()
    // Those that wait are paused, or their payload is on its way: both start the queue anew.
    if (at < 0) return
    const item = this.#waiting[at]
    const allowance = this.#allowance()
    if (item.kind === 'sweep') {
      this.#credit -= this.#sweepSlice(item, allowance)
      if (item.cursor >= this.#sessions.usedEnd) this.#waiting.splice(at, 1)
    } else {
      const broadcast = item.kind === 'log' ? (item.current as Broadcast) : item
      this.#credit -= this.#sendSlice(broadcast, allowance)
      if (this.#isThrough(broadcast)) this.#finish(item, at)
    }
    this.#schedule()
  }

  #finish(item: Broadcast | LogRange, at: number): void {
    if (item.kind === 'log') {
      item.current = null
      if (++item.firstSeq <= item.lastSeq) return
    }
    this.#waiting.splice(at, 1)
  }

  /**
   * Place of the first that may go on, or -1. Behind a paused broadcast other stored ones wait,
   * because acks are cumulative.
   */
  #next(): number {
    const nowS = Date.now() / 1000
    let isBlocked = false
    for (let at = 0; at < this.#waiting.length; at++) {
      const item = this.#waiting[at]
      if (item.kind === 'broadcast') return at
      if (isBlocked) continue
      if (item.kind === 'sweep') return at
      this.#skipOver(item, nowS)
      if (item.firstSeq > item.lastSeq) this.#waiting.splice(at--, 1)
      else if (this.#isReady(item)) return at
      else isBlocked = true
    }
    return -1
  }

  /** Those that were cancelled or whose time is over. */
  #skipOver(range: LogRange, nowS: number): void {
    while (range.firstSeq <= range.lastSeq && !this.#log.entries.isDue(range.firstSeq, nowS)) {
      range.firstSeq++
      range.current = null
    }
  }

  #isReady(range: LogRange): boolean {
    const seq = range.firstSeq
    const { entries } = this.#log
    if (entries.stateOf(seq) === STATE.PAUSED) return false
    if (range.current !== null) return true
    const position = this.#log.positionFor(seq)
    if (position === NO_POSITION) return false
    const bytes = entries.cache.bytesOf(position)
    const start = entries.cache.offsetOf(position)
    const end = start + entries.bytesOf(seq)
    range.current = this.#broadcastOf(seq, bytes, start, end, this.#log.membersOf(seq))
    return true
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

  /** Returns how many messages were sent. */
  #sweepSlice(sweep: Sweep, allowance: number): number {
    let sent = 0
    while (sent < allowance && sweep.cursor < this.#sessions.usedEnd) {
      const slot = sweep.cursor++
      if (this.#sessions.isJoined(slot)) sent += this.#log.sweep(slot)
    }
    this.#engine.flush()
    return sent
  }

  /** Returns how many it was sent to. */
  #sendSlice(broadcast: Broadcast, allowance: number): number {
    const { members, seq } = broadcast
    let left = allowance
    this.#counts.fill(0)
    while (left > 0 && !this.#isThrough(broadcast)) {
      const row = broadcast.cursor++
      const slot = members ? members.slots[row] : row
      if (!this.#sessions.isJoined(slot)) continue
      if (members && members.generations[row] !== this.#engine.generationOf(slot)) continue
      if (seq !== 0 && !this.#log.claim(slot, seq)) continue
      if (this.#output.isShareable(slot)) this.#addToSlice(slot)
      else this.#sendAlone(broadcast, slot)
      left--
    }
    for (const carrier of CARRIERS) this.#sendTo(broadcast, carrier)
    return allowance - left
  }

  #sendAlone({ seq, payload }: Broadcast, slot: Slot): void {
    const flags = seq === 0 ? 0 : BROADCAST_FLAGS
    this.#output.sendMsg(slot, flags, seq, payload, 0, payload.length)
    this.delivered++
  }

  #addToSlice(slot: Slot): void {
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
