/**
 * Rows of connections that wait for something, first in first out, each at most once: a ring that
 * never grows, because there are no more rows than places.
 *
 *   head = 6, count = 3    place 0  1  2  3  4  5  6  7
 *                          row   4  ·  ·  ·  ·  ·  9  2     next: 9, then 2, then 4
 */
export class RowQueue {
  readonly #rows: Uint32Array
  #head = 0
  #count = 0

  constructor(capacity: number) {
    this.#rows = new Uint32Array(capacity)
  }

  get count(): number {
    return this.#count
  }

  push(row: number): void {
    const capacity = this.#rows.length
    if (this.#count === capacity) throw new RangeError(`a row queue of ${capacity} rows is full`)
    this.#rows[(this.#head + this.#count) % capacity] = row
    this.#count += 1
  }

  /** The next row; only where there is one. */
  peek(): number {
    return this.#rows[this.#head]
  }

  shift(): void {
    this.#head = (this.#head + 1) % this.#rows.length
    this.#count -= 1
  }

  clear(): void {
    this.#count = 0
  }
}
