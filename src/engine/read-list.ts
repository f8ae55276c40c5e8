/**
 * The sockets that have bytes for us, and the arena that they are read into, one behind the other.
 * What a connection kept from last time is put in front of its new bytes, so a decoder always sees
 * whole frames as one piece. A socket that had more than one read takes stays in the list for the
 * next pass.
 *
 *   arena │kept of 4│new of 4···│new of 9│kept of 2│new of 2│
 */
import { type ByteSlab, NO_BLOCK } from './byte-slab.ts'
import { type ConnectionTable, PHASE } from './connection-table.ts'
import { type NativeShim, SHIM_BATCH, type ShimHandle } from './native-shim.ts'
import { SlotList } from './slot-list.ts'
import { CLOSE_REASON, type ReceiveBatch, type Slot } from './socket-engine.ts'

/** Holds at least eight full reads of 64 KiB with what was kept before them. */
const ARENA_BYTES = 2 << 20
/** The list of one pass: what was left over and one batch of newly ready sockets. */
const LIST_MAX = 2 * SHIM_BATCH

/** Must match results[] of receive() in native/transfer.c. */
const RESULT = { MORE: 1, ENDED: 2 } as const

export class ReadList {
  readonly batch: ReceiveBatch
  /** Sockets of the last read whose stream ended, with an errno or 0. */
  readonly endSlots = new Int32Array(LIST_MAX)
  readonly endErrnos = new Int32Array(LIST_MAX)
  endCount = 0
  newBytes = 0

  readonly #table: ConnectionTable
  readonly #slab: ByteSlab
  readonly #keptBytesMax: number
  /** Ready flags of the slots in the list, 0 for all others: a slot is in the list once. */
  readonly #flagsOf: Uint8Array
  readonly #waiting = new SlotList()
  readonly #slots = new Int32Array(LIST_MAX)
  readonly #flags = new Uint8Array(LIST_MAX)
  readonly #starts = new Int32Array(LIST_MAX)
  readonly #ends = new Int32Array(LIST_MAX)
  readonly #results = new Int32Array(LIST_MAX)
  #from = 0
  #count = 0

  constructor(table: ConnectionTable, slab: ByteSlab, keptBytesMax: number) {
    this.#table = table
    this.#slab = slab
    this.#keptBytesMax = keptBytesMax
    this.#flagsOf = new Uint8Array(table.capacity)
    this.batch = {
      count: 0,
      slots: new Int32Array(LIST_MAX),
      starts: new Int32Array(LIST_MAX),
      ends: new Int32Array(LIST_MAX),
      keepFrom: new Int32Array(LIST_MAX),
      bytes: new Uint8Array(ARENA_BYTES),
    }
  }

  get count(): number {
    return this.#waiting.count
  }

  /** No room for another batch of ready sockets. */
  get isCrowded(): boolean {
    return this.#waiting.count > LIST_MAX - SHIM_BATCH
  }

  push(slot: Slot, flags: number): void {
    if (this.#flagsOf[slot] === 0) this.#waiting.push(slot)
    this.#flagsOf[slot] |= flags
  }

  /** Starts a pass over all that waits now. */
  begin(): void {
    this.#from = 0
    this.#count = this.#waiting.count
    this.#slots.set(this.#waiting.slots.subarray(0, this.#count))
    this.#waiting.clear()
    for (let i = 0; i < this.#count; i++) {
      this.#flags[i] = this.#flagsOf[this.#slots[i]]
      this.#flagsOf[this.#slots[i]] = 0
    }
  }

  /** Reads as many sockets as the arena holds into `batch`; false when the pass is over. */
  readNext(shim: NativeShim, handle: ShimHandle): boolean {
    const { keptBytes } = this.#table
    this.batch.count = 0
    this.endCount = 0
    this.newBytes = 0
    if (this.#from >= this.#count) return false
    for (let i = this.#from; i < this.#count; i++) this.#starts[i] = keptBytes[this.#slots[i]]
    const upTo = shim.receive(
      handle,
      this.#slots,
      this.#flags,
      this.#from,
      this.#count,
      this.#starts,
      this.#ends,
      this.#results,
      this.batch.bytes,
      ARENA_BYTES,
    )
    for (let i = this.#from; i < upTo; i++) this.#sort(i)
    this.#from = upTo
    return true
  }

  #sort(i: number): void {
    const slot = this.#slots[i]
    const phase = this.#table.phaseOf[slot]
    if (phase === PHASE.FREE || phase === PHASE.DEAD) return
    const start = this.#starts[i]
    const end = this.#ends[i]
    const kept = this.#table.keptBytes[slot]
    const fresh = end - start - kept
    this.newBytes += fresh
    if (fresh > 0 && phase === PHASE.OPEN) {
      if (kept > 0) this.#copyKept(slot, start)
      this.#add(slot, start, end)
    }
    const result = this.#results[i]
    if (result === RESULT.MORE) this.push(slot, this.#flags[i])
    else if (result !== 0) {
      this.endSlots[this.endCount] = slot
      this.endErrnos[this.endCount] = result === RESULT.ENDED ? 0 : -result
      this.endCount++
    }
  }

  /**
   * Fills `batch` with kept bytes alone; returns the first index that had no room. The arena must
   * not be in use.
   */
  presentKept(list: SlotList, from: number): number {
    this.batch.count = 0
    let at = 0
    for (let i = from; i < list.count; i++) {
      const slot = list.slots[i]
      const kept = this.#table.keptBytes[slot]
      if (this.#table.phaseOf[slot] !== PHASE.OPEN || kept === 0) continue
      if (at + kept > ARENA_BYTES || this.batch.count === LIST_MAX) return i
      this.#copyKept(slot, at)
      this.#add(slot, at, at + kept)
      at += kept
    }
    return list.count
  }

  #add(slot: Slot, start: number, end: number): void {
    const { batch } = this
    batch.slots[batch.count] = slot
    batch.starts[batch.count] = start
    batch.ends[batch.count] = end
    batch.keepFrom[batch.count] = end
    batch.count++
  }

  #copyKept(slot: Slot, at: number): void {
    const ref = this.#table.keptRef[slot]
    const from = this.#slab.offsetOf(ref)
    const kept = this.#table.keptBytes[slot]
    this.batch.bytes.set(this.#slab.bytesOf(ref).subarray(from, from + kept), at)
  }

  /**
   * Stores what the handler left of item i. Returns 0, or the reason why the connection must end.
   */
  keep(i: number): number {
    const { batch } = this
    const slot = batch.slots[i]
    const bytes = batch.ends[i] - batch.keepFrom[i]
    if (bytes === 0) {
      this.dropKept(slot)
      return 0
    }
    if (bytes > this.#keptBytesMax) return CLOSE_REASON.RECEIVE_OVERFLOW
    let ref = this.#table.keptRef[slot]
    if (ref === NO_BLOCK || this.#slab.capacityOf(ref) < bytes) {
      this.dropKept(slot)
      ref = this.#slab.allocate(bytes)
      if (ref === NO_BLOCK) return CLOSE_REASON.BUFFERS_FULL
      this.#table.keptRef[slot] = ref
    }
    this.#slab
      .bytesOf(ref)
      .set(batch.bytes.subarray(batch.keepFrom[i], batch.ends[i]), this.#slab.offsetOf(ref))
    this.#table.keptBytes[slot] = bytes
    return 0
  }

  dropKept(slot: Slot): void {
    if (this.#table.keptRef[slot] === NO_BLOCK) return
    this.#slab.free(this.#table.keptRef[slot])
    this.#table.keptRef[slot] = NO_BLOCK
    this.#table.keptBytes[slot] = 0
  }

  /** The row is freed: it may stand in the list, where its next user must not meet it. */
  forget(slot: Slot): void {
    this.dropKept(slot)
    if (this.#flagsOf[slot] === 0) return
    this.#flagsOf[slot] = 0
    const { slots } = this.#waiting
    const at = slots.indexOf(slot)
    if (at >= 0 && at < this.#waiting.count) slots[at] = slots[--this.#waiting.count]
  }
}
