/**
 * What a device that polls gives back of the last answer, so that it gets what comes next: the
 * validators of HTTP (Last-Modified, ETag), which nchan goes by, and two strings of a JSON body,
 * "session" and "after", which a push node goes by.
 *
 *   slot │ length u8 × 4 │ text: 4 × 40 bytes
 *      0 │ 29  3  0   0  │ Sat, 21 Nov 2026 15:04:37 GMT… 0,1…
 *
 * 164 bytes a connection, in memory only for those that were answered once.
 */
import type { Slot } from '../../../engine/socket-engine.ts'

export const CURSOR = { MODIFIED: 0, ETAG: 1, SESSION: 2, AFTER: 3 } as const
export type CursorField = (typeof CURSOR)[keyof typeof CURSOR]

const FIELDS = 4
/** A date of HTTP has 29 characters; what is longer is cut off by the caller's complaint. */
export const CURSOR_BYTES_MAX = 40

export class PollCursors {
  readonly #lengths: Uint8Array
  readonly #texts: Uint8Array

  constructor(capacity: number) {
    this.#lengths = new Uint8Array(capacity * FIELDS)
    this.#texts = new Uint8Array(capacity * FIELDS * CURSOR_BYTES_MAX)
  }

  clear(slot: Slot): void {
    this.#lengths.fill(0, slot * FIELDS, (slot + 1) * FIELDS)
  }

  /** Keeps bytes[start, end); false: it is too long. */
  keep(slot: Slot, field: CursorField, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start
    if (length > CURSOR_BYTES_MAX) return false
    const place = slot * FIELDS + field
    this.#lengths[place] = length
    const at = place * CURSOR_BYTES_MAX
    for (let index = 0; index < length; index++) this.#texts[at + index] = bytes[start + index]
    return true
  }

  lengthOf(slot: Slot, field: CursorField): number {
    return this.#lengths[slot * FIELDS + field]
  }

  /** Writes the text at `at`; returns the end. */
  write(slot: Slot, field: CursorField, out: Uint8Array, at: number): number {
    const place = slot * FIELDS + field
    const length = this.#lengths[place]
    const from = place * CURSOR_BYTES_MAX
    for (let index = 0; index < length; index++) out[at + index] = this.#texts[from + index]
    return at + length
  }
}
