/**
 * The body of an HTTP/1.1 response (RFC 9112, section 6) as pieces of the region it came in. What a
 * connection needs between two receives is two numbers, `mode` and `rest`, in columns of the
 * caller; one object serves a shard.
 *
 *   CHUNK_HEAD ─► CHUNK_BODY ─► CHUNK_END ─► CHUNK_HEAD … ─► TRAILER ─► END
 *   LENGTH ─► END          UNTIL_CLOSE ─► …
 */
import { textFromLatin1 } from '../../../protocol/ascii.ts'
import type { HttpHead } from '../../../protocol/http-head.ts'
import { listHasToken } from '../../../protocol/http-list.ts'

export const BODY_EVENT = { NEED_MORE: 0, PIECE: 1, END: 2, FAULT: 3 } as const
export type BodyEvent = (typeof BODY_EVENT)[keyof typeof BODY_EVENT]

export const BODY_MODE = {
  NONE: 0,
  LENGTH: 1,
  CHUNK_HEAD: 2,
  CHUNK_BODY: 3,
  CHUNK_END: 4,
  TRAILER: 5,
  UNTIL_CLOSE: 6,
} as const

const CR = 0x0d
const LF = 0x0a
/** A chunk size and its extensions; more is no HTTP. */
const LINE_BYTES_MAX = 256

export class HttpBody {
  mode: number = BODY_MODE.NONE
  /** Bytes that are left of the body, or of the chunk. */
  rest = 0
  /** After PIECE: bytes of the body. */
  pieceStart = 0
  pieceEnd = 0
  /** After each event: where the next one is looked for, and what must be kept begins. */
  at = 0

  /** How long the body behind a response head is. */
  begin(head: HttpHead): void {
    this.rest = 0
    if (head.status === 204 || head.status === 304) this.mode = BODY_MODE.NONE
    else if (listHasToken(head, 'transfer-encoding', 'chunked')) this.mode = BODY_MODE.CHUNK_HEAD
    else {
      const index = head.find('content-length')
      this.mode = index < 0 ? BODY_MODE.UNTIL_CLOSE : BODY_MODE.LENGTH
      if (index >= 0) {
        const { bytes, valueStarts, valueEnds } = head
        this.rest = Number(textFromLatin1(bytes, valueStarts[index], valueEnds[index]))
      }
    }
  }

  next(bytes: Uint8Array, at: number, end: number): BodyEvent {
    this.at = at
    for (;;) {
      switch (this.mode) {
        case BODY_MODE.NONE:
          return BODY_EVENT.END
        case BODY_MODE.LENGTH:
          if (this.rest === 0) return this.#end()
          return this.#piece(end)
        case BODY_MODE.UNTIL_CLOSE:
          this.rest = Number.POSITIVE_INFINITY
          return this.#piece(end)
        case BODY_MODE.CHUNK_BODY:
          if (this.rest > 0) return this.#piece(end)
          this.mode = BODY_MODE.CHUNK_END
          break
        default: {
          const event = this.#readLine(bytes, end)
          if (event !== BODY_EVENT.PIECE) return event
        }
      }
    }
  }

  /** A line of the chunked coding; PIECE: it was read, go on. */
  #readLine(bytes: Uint8Array, end: number): BodyEvent {
    const start = this.at
    let lineEnd = start
    while (lineEnd < end && bytes[lineEnd] !== LF) lineEnd++
    if (lineEnd - start > LINE_BYTES_MAX) return BODY_EVENT.FAULT
    if (lineEnd === end) return BODY_EVENT.NEED_MORE
    if (lineEnd === start || bytes[lineEnd - 1] !== CR) return BODY_EVENT.FAULT
    const isEmpty = lineEnd === start + 1
    this.at = lineEnd + 1
    if (this.mode === BODY_MODE.CHUNK_END) {
      this.mode = BODY_MODE.CHUNK_HEAD
      return isEmpty ? BODY_EVENT.PIECE : BODY_EVENT.FAULT
    }
    if (this.mode === BODY_MODE.TRAILER) return isEmpty ? this.#end() : BODY_EVENT.PIECE
    this.rest = hexNumber(bytes, start, lineEnd - 1)
    if (this.rest < 0) return BODY_EVENT.FAULT
    this.mode = this.rest === 0 ? BODY_MODE.TRAILER : BODY_MODE.CHUNK_BODY
    return BODY_EVENT.PIECE
  }

  #piece(end: number): BodyEvent {
    if (this.at === end) return BODY_EVENT.NEED_MORE
    this.pieceStart = this.at
    this.pieceEnd = Math.min(end, this.at + this.rest)
    this.rest -= this.pieceEnd - this.pieceStart
    this.at = this.pieceEnd
    return BODY_EVENT.PIECE
  }

  #end(): BodyEvent {
    this.mode = BODY_MODE.NONE
    return BODY_EVENT.END
  }
}

/** The number before ";" or the end; -1 where there is none. */
function hexNumber(bytes: Uint8Array, start: number, end: number): number {
  let value = -1
  for (let at = start; at < end && bytes[at] !== 0x3b; at++) {
    const digit = Number.parseInt(String.fromCharCode(bytes[at]), 16)
    if (Number.isNaN(digit)) return isBlank(bytes[at]) && value >= 0 ? value : -1
    value = Math.max(value, 0) * 16 + digit
  }
  return value > Number.MAX_SAFE_INTEGER ? -1 : value
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09
}
