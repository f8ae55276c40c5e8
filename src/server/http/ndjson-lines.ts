/**
 * Cuts a byte stream into lines, whatever the chunk boundaries. A line within one chunk is handed
 * out as a view of that chunk; only a line that spans chunks is copied, into a buffer that doubles,
 * so one byte at a time costs no more than linear work. A line over the limit is skipped to its end
 * and reported once.
 *
 *   chunk  …"a":1}⏎{"b":2}⏎{"c"   views for lines 1 and 2, `{"c"` kept for the next chunk
 */

const NEWLINE = 0x0a
const KEPT_BYTES_MIN = 4_096

export interface LineSink {
  /** The bytes are valid during the call only. `line` counts from 1, empty lines too. */
  onLine(bytes: Buffer, line: number): void
  onLineTooLarge(line: number): void
}

export class NdjsonLines {
  readonly #lineBytesMax: number
  readonly #sink: LineSink
  #kept = Buffer.alloc(0)
  #keptBytes = 0
  #isSkipping = false
  #line = 1

  constructor(lineBytesMax: number, sink: LineSink) {
    this.#lineBytesMax = lineBytesMax
    this.#sink = sink
  }

  /** The number of the line that the next byte belongs to. */
  get line(): number {
    return this.#line
  }

  feed(chunk: Buffer): void {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start)
      if (end === -1) break
      this.#finishLine(chunk, start, end)
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk, start, chunk.length)
  }

  /** The stream ended in order: what is kept is the last line, which needs no newline. */
  finish(): void {
    if (this.#keptBytes > 0 || this.#isSkipping) this.#finishLine(this.#kept, 0, 0)
  }

  #finishLine(chunk: Buffer, start: number, end: number): void {
    if (this.#keptBytes === 0 && !this.#isSkipping && end - start <= this.#lineBytesMax) {
      this.#sink.onLine(chunk.subarray(start, end), this.#line)
    } else {
      this.#keep(chunk, start, end)
      if (this.#isSkipping) this.#sink.onLineTooLarge(this.#line)
      else this.#sink.onLine(this.#kept.subarray(0, this.#keptBytes), this.#line)
      this.#drop()
      this.#isSkipping = false
    }
    this.#line++
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    if (this.#isSkipping) return
    const needed = this.#keptBytes + end - start
    if (needed > this.#lineBytesMax) {
      this.#drop()
      this.#isSkipping = true
      return
    }
    if (needed > this.#kept.length) {
      const bytes = Math.max(KEPT_BYTES_MIN, needed, this.#kept.length * 2)
      const grown = Buffer.allocUnsafe(bytes)
      this.#kept.copy(grown, 0, 0, this.#keptBytes)
      this.#kept = grown
    }
    chunk.copy(this.#kept, this.#keptBytes, start, end)
    this.#keptBytes = needed
  }

  #drop(): void {
    this.#keptBytes = 0
    if (this.#kept.length > KEPT_BYTES_MIN) this.#kept = Buffer.alloc(0)
  }
}
