/**
 * The GET of a device that polls: the same each time but for what it gives back of the last answer,
 * {session} and {after} in its path, and the conditional headers behind all others.
 */
import type { Slot } from '../../../engine/socket-engine.ts'
import { DeviceBytes } from '../device-bytes.ts'
import { type TemplateNames, textForFirst } from '../message-template.ts'
import { CURSOR, CURSOR_BYTES_MAX, type CursorField, type PollCursors } from './poll-cursor.ts'

const PLACES = /(\{session\}|\{after\})/
const FIELDS: Readonly<Record<string, CursorField>> = {
  '{session}': CURSOR.SESSION,
  '{after}': CURSOR.AFTER,
}
const SINCE = Buffer.from('If-Modified-Since: ')
const NONE_MATCH = Buffer.from('If-None-Match: ')
const LINE_END = Buffer.from('\r\n')

type Part = DeviceBytes | CursorField

export class PollRequest {
  /** Most bytes that a request can have. */
  readonly bytesMax: number
  readonly #parts: readonly Part[]

  /** `text`: the whole request without the empty line that ends it. */
  constructor(text: string, names: TemplateNames) {
    this.#parts = textForFirst(text, names)
      .split(PLACES)
      .map((part) => FIELDS[part] ?? new DeviceBytes(Buffer.from(part), names.devices))
    const fixed = this.#parts.reduce<number>((sum, part) => sum + bytesOf(part), 0)
    const headers = SINCE.length + NONE_MATCH.length + 2 * (CURSOR_BYTES_MAX + LINE_END.length)
    this.bytesMax = fixed + headers + LINE_END.length
  }

  /** Writes the request of a connection at `at`; returns the end. */
  write(out: Uint8Array, at: number, connection: number, slot: Slot, cursors: PollCursors): number {
    let end = at
    for (const part of this.#parts) {
      if (typeof part === 'number') end = cursors.write(slot, part, out, end)
      else end = part.write(out, end, connection)
    }
    end = writeHeader(SINCE, CURSOR.MODIFIED, out, end, slot, cursors)
    end = writeHeader(NONE_MATCH, CURSOR.ETAG, out, end, slot, cursors)
    out.set(LINE_END, end)
    return end + LINE_END.length
  }
}

function bytesOf(part: Part): number {
  return typeof part === 'number' ? CURSOR_BYTES_MAX : part.bytes.length
}

function writeHeader(
  name: Uint8Array,
  field: CursorField,
  out: Uint8Array,
  at: number,
  slot: Slot,
  cursors: PollCursors,
): number {
  if (cursors.lengthOf(slot, field) === 0) return at
  out.set(name, at)
  const end = cursors.write(slot, field, out, at + name.length)
  out.set(LINE_END, end)
  return end + LINE_END.length
}
