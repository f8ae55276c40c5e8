/**
 * What is known of the entries of the log: a row of u32 fields for each number, in pages of 1,024,
 * so that a log of a million entries is a thousand arrays, grows without copying, and gives back
 * what it drops.
 *
 *   seq │ state │ expires at s │ bytes │ …       the fields are the caller's; the first is the
 *    43 │     1 │ 1_790_000_000│   256 │ …       state, and 0 in it means: no such entry
 */

const PAGE_BITS = 10
const PAGE_ROWS = 1 << PAGE_BITS
const PAGE_MASK = PAGE_ROWS - 1

export const STATE_FIELD = 0

export class EntryRows {
  readonly #fields: number
  readonly #pages: (Uint32Array | undefined)[] = []
  #firstPage = 0
  /** Of the entries in use; first > last where there are none. */
  firstSeq = 1
  lastSeq = 0

  constructor(fields: number) {
    this.#fields = fields
  }

  get isEmpty(): boolean {
    return this.firstSeq > this.lastSeq
  }

  has(seq: number): boolean {
    return seq >= this.firstSeq && seq <= this.lastSeq && this.get(seq, STATE_FIELD) !== 0
  }

  /** Of a number between the first and the last; 0 where it has no row. */
  get(seq: number, field: number): number {
    const page = this.#pages[(seq >>> PAGE_BITS) - this.#firstPage]
    return page === undefined ? 0 : page[(seq & PAGE_MASK) * this.#fields + field]
  }

  /** Of an entry that is there. */
  set(seq: number, field: number, value: number): void {
    const page = this.#pages[(seq >>> PAGE_BITS) - this.#firstPage]
    if (page !== undefined) page[(seq & PAGE_MASK) * this.#fields + field] = value
  }

  /** A row for a number above the last; all of its fields are 0. */
  append(seq: number): void {
    const pageNumber = seq >>> PAGE_BITS
    if (this.isEmpty) {
      this.#pages.length = 0
      this.#firstPage = pageNumber
      this.firstSeq = seq
    }
    const at = pageNumber - this.#firstPage
    this.#pages[at] ??= new Uint32Array(PAGE_ROWS * this.#fields)
    this.lastSeq = seq
  }

  /** Forgets all entries up to this one. */
  dropUpTo(seq: number): void {
    if (seq < this.firstSeq) return
    this.firstSeq = seq + 1
    if (this.isEmpty) {
      this.#pages.length = 0
      return
    }
    const pages = (this.firstSeq >>> PAGE_BITS) - this.#firstPage
    if (pages === 0) return
    this.#pages.splice(0, pages)
    this.#firstPage += pages
  }
}
