/**
 * One coarse timer per slot for a whole shard, without a timer object each: heartbeats, handshake
 * limits, grace times.
 *
 *   bucket │ slots due in this tick, of this or a later round
 *      412 │ 17 ⇄ 90_233 ⇄ 4          deadline of 17: tick 412, of 4: tick 412 + 1 × 512
 *      413 │ ·
 *
 *   slot │ deadlineTick u32 │ next i32 │ previous i32 │ bucket u16
 *     17 │          15_260 │   90_234 │            0 │        413
 *
 * 14 bytes a slot, touched only while it is scheduled.
 *
 * A slot is in one bucket or in none, so scheduling it again moves it and cancelling is exact: a
 * row that is reused never meets the timer of its predecessor. Cost: resolution is one tick, and a
 * deadline further away than one round of the wheel is looked at once a round.
 */

const BUCKETS = 512
const NONE = -1
/** In #bucketOf: collected for firing in this very tick. */
const DUE = 0xffff

export class TimerWheel {
  readonly #deadlineTicks: Uint32Array
  /** Slot + 1, so that untouched memory (0) means "none" and costs nothing until it is used. */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  readonly #heads = new Int32Array(BUCKETS).fill(NONE)
  /** Bucket + 1 of each slot, 0 where it is not scheduled. */
  readonly #bucketOf: Uint16Array
  #due = new Int32Array(256)
  #nowTick = 0
  #count = 0

  constructor(capacity: number) {
    this.#deadlineTicks = new Uint32Array(capacity)
    this.#next = new Int32Array(capacity)
    this.#previous = new Int32Array(capacity)
    this.#bucketOf = new Uint16Array(capacity)
  }

  get nowTick(): number {
    return this.#nowTick
  }

  /** Slots that wait for their deadline. */
  get count(): number {
    return this.#count
  }

  isScheduled(slot: number): boolean {
    return this.#bucketOf[slot] !== 0
  }

  /** Fires after `ticks` further ticks (at least one); replaces what was scheduled for the slot. */
  schedule(slot: number, ticks: number): void {
    this.cancel(slot)
    const deadline = this.#nowTick + Math.max(1, ticks)
    this.#deadlineTicks[slot] = deadline
    this.#link(slot, deadline % BUCKETS)
    this.#count++
  }

  cancel(slot: number): void {
    if (this.#bucketOf[slot] === DUE) this.#bucketOf[slot] = 0
    else if (this.#bucketOf[slot] !== 0) this.#unlink(slot)
  }

  /**
   * Moves the clock to `tick` and calls `onDue` for every slot whose deadline came. A slot is
   * unscheduled when it is called, and `onDue` may schedule or cancel any slot.
   */
  advance(tick: number, onDue: (slot: number) => void): void {
    // After a long stall one round over all buckets finds everything that is due.
    if (tick - this.#nowTick > BUCKETS) this.#nowTick = tick - BUCKETS
    while (this.#nowTick < tick) {
      this.#nowTick++
      this.#fireBucket(this.#nowTick % BUCKETS, onDue)
    }
  }

  #fireBucket(bucket: number, onDue: (slot: number) => void): void {
    // Collected first: onDue may move slots in and out of this very bucket.
    let dueCount = 0
    let slot = this.#heads[bucket]
    while (slot !== NONE) {
      const next = this.#next[slot] - 1
      if (this.#deadlineTicks[slot] <= this.#nowTick) {
        this.#unlink(slot)
        this.#bucketOf[slot] = DUE
        if (dueCount === this.#due.length) this.#due = grown(this.#due)
        this.#due[dueCount++] = slot
      }
      slot = next
    }
    const due = this.#due
    for (let i = 0; i < dueCount; i++) {
      // Cancelled or scheduled anew by an earlier call of this round: then it is not due any more.
      if (this.#bucketOf[due[i]] !== DUE) continue
      this.#bucketOf[due[i]] = 0
      onDue(due[i])
    }
  }

  #link(slot: number, bucket: number): void {
    const head = this.#heads[bucket]
    this.#next[slot] = head + 1
    this.#previous[slot] = 0
    if (head !== NONE) this.#previous[head] = slot + 1
    this.#heads[bucket] = slot
    this.#bucketOf[slot] = bucket + 1
  }

  #unlink(slot: number): void {
    const next = this.#next[slot] - 1
    const previous = this.#previous[slot] - 1
    if (previous !== NONE) this.#next[previous] = next + 1
    else this.#heads[this.#bucketOf[slot] - 1] = next
    if (next !== NONE) this.#previous[next] = previous + 1
    this.#bucketOf[slot] = 0
    this.#count--
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
