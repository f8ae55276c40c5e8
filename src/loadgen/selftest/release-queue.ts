/**
 * Answers that wait for their time: a binary heap of rows in typed arrays, earliest deadline first.
 * Rows hold the payload too, so nothing is allocated per message until the table must double.
 *
 *   heap   3 │ 0 │ 1            row │ deadlineUs f64 │ slot i32 │ record i32 │ payload bytes
 *                                 0 │ 7_120_400      │       12 │        840 │ …
 *
 * Answers of one deadline come out in any order.
 */
const ROWS_AT_FIRST = 1024

export class ReleaseQueue {
  readonly #payloadBytes: number
  #heap = new Int32Array(ROWS_AT_FIRST)
  #free = new Int32Array(ROWS_AT_FIRST)
  #deadlineUs = new Float64Array(ROWS_AT_FIRST)
  #slot = new Int32Array(ROWS_AT_FIRST)
  #record = new Int32Array(ROWS_AT_FIRST)
  #payloads: Uint8Array
  #count = 0

  /** @param payloadBytes of every answer */
  constructor(payloadBytes: number) {
    this.#payloadBytes = payloadBytes
    this.#payloads = new Uint8Array(ROWS_AT_FIRST * payloadBytes)
    for (let row = 0; row < ROWS_AT_FIRST; row++) this.#free[row] = row
  }

  get count(): number {
    return this.#count
  }

  /** Infinity where nothing waits. */
  get nextUs(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#deadlineUs[this.#heap[0]]
  }

  /** Copies the payload bytes[start, start + payloadBytes). */
  add(deadlineUs: number, slot: number, record: number, bytes: Uint8Array, start: number): void {
    if (this.#count === this.#heap.length) this.#double()
    // Rows in use are count many, so the free ones stand from there on.
    const row = this.#free[this.#count]
    this.#deadlineUs[row] = deadlineUs
    this.#slot[row] = slot
    this.#record[row] = record
    const at = row * this.#payloadBytes
    for (let index = 0; index < this.#payloadBytes; index++) {
      this.#payloads[at + index] = bytes[start + index]
    }
    this.#count += 1
    this.#rise(this.#count - 1, row)
  }

  /** The row with the earliest deadline; its columns are good until the next add(). */
  take(): number {
    const heap = this.#heap
    const row = heap[0]
    this.#count -= 1
    if (this.#count > 0) this.#sink(heap[this.#count])
    this.#free[this.#count] = row
    return row
  }

  slotOf(row: number): number {
    return this.#slot[row]
  }

  /** What add() was given, for the log. */
  recordOf(row: number): number {
    return this.#record[row]
  }

  get payloads(): Uint8Array {
    return this.#payloads
  }

  /** Where the row's payload starts in `payloads`. */
  payloadStart(row: number): number {
    return row * this.#payloadBytes
  }

  #rise(from: number, row: number): void {
    const heap = this.#heap
    const deadlineUs = this.#deadlineUs
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (deadlineUs[heap[parent]] <= deadlineUs[row]) break
      heap[at] = heap[parent]
      at = parent
    }
    heap[at] = row
  }

  #sink(row: number): void {
    const heap = this.#heap
    const deadlineUs = this.#deadlineUs
    const count = this.#count
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= count) break
      if (child + 1 < count && deadlineUs[heap[child + 1]] < deadlineUs[heap[child]]) child += 1
      if (deadlineUs[heap[child]] >= deadlineUs[row]) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = row
  }

  #double(): void {
    const rows = this.#heap.length
    this.#heap = grown(this.#heap, new Int32Array(2 * rows))
    this.#free = grown(this.#free, new Int32Array(2 * rows))
    for (let row = rows; row < 2 * rows; row++) this.#free[row] = row
    this.#deadlineUs = grown(this.#deadlineUs, new Float64Array(2 * rows))
    this.#slot = grown(this.#slot, new Int32Array(2 * rows))
    this.#record = grown(this.#record, new Int32Array(2 * rows))
    this.#payloads = grown(this.#payloads, new Uint8Array(2 * rows * this.#payloadBytes))
  }
}

function grown<Column extends Int32Array | Float64Array | Uint8Array>(
  from: Column,
  to: Column,
): Column {
  to.set(from)
  return to
}
