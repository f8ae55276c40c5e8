/**
 * The head of an HTTP/1.1 request or response (RFC 9112) as offsets into the bytes it came in; one
 * object serves a shard. Strict on purpose: whatever two parsers could read differently (bare LF,
 * folded lines, blanks before a colon, control characters) is a fault, so that nothing can be
 * smuggled past a proxy in front of the node. The cost: a head that arrives in pieces is read from
 * its start each time, which headBytesMax bounds.
 */
import { equalsAsciiAnyCase } from './ascii.ts'
import { LIMITS } from './frame-types.ts'

export const HEAD_EVENT = { NEED_MORE: 0, HEAD: 1, FAULT: 2 } as const
export type HeadEvent = (typeof HEAD_EVENT)[keyof typeof HEAD_EVENT]

/** Each with the HTTP status that answers it. */
export const HEAD_FAULTS = {
  'head-too-large': [431, 'the head is larger than the limit'],
  'too-many-headers': [431, 'more header lines than the limit'],
  'bad-start-line': [400, 'the first line is not "METHOD /target HTTP/1.1" (or a status line)'],
  'bad-http-version': [400, 'an HTTP version other than 1.1'],
  'bad-header': [400, 'a header line without a valid name, or with a control character'],
  'folded-header': [400, 'a header value that goes on in the next line'],
  'bare-line-feed': [400, 'a line that ends in LF without CR, or has a lone CR'],
} as const
export type HeadFault = keyof typeof HEAD_FAULTS

export interface HttpHeadOptions {
  readonly headBytesMax?: number
  readonly headerCountMax?: number
}

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a
const VERSION = 'HTTP/1.1'

/**
 * Character classes of RFC 9110 (5.6.2 token, 5.5 field value) and 9112 (3.2 request target,
 * visible ASCII).
 */
const IS_TOKEN = classOf((code) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(code)))
const IS_VALUE = classOf((code) => code === TAB || (code >= SPACE && code !== 0x7f))
const IS_TARGET = classOf((code) => code > SPACE && code < 0x7f)

/** Results of the private steps where they are not an offset. */
const NEED_MORE = -1
const FAULT = -2

export class HttpHead {
  fault: HeadFault | null = null
  /** Of a request. */
  methodStart = 0
  methodEnd = 0
  targetStart = 0
  targetEnd = 0
  /** Of a response. */
  status = 0
  headerCount = 0
  /** After HEAD: where what follows the head begins. */
  headEnd = 0
  /** By header index; values without the blanks around them. */
  readonly nameStarts: Int32Array
  readonly nameEnds: Int32Array
  readonly valueStarts: Int32Array
  readonly valueEnds: Int32Array
  bytes: Uint8Array = new Uint8Array(0)

  readonly #headBytesMax: number
  readonly #headerCountMax: number
  #start = 0
  #end = 0

  constructor(options: HttpHeadOptions = {}) {
    this.#headBytesMax = options.headBytesMax ?? LIMITS.upgradeHeadBytesMax
    this.#headerCountMax = options.headerCountMax ?? LIMITS.upgradeHeaderCountMax
    this.nameStarts = new Int32Array(this.#headerCountMax)
    this.nameEnds = new Int32Array(this.#headerCountMax)
    this.valueStarts = new Int32Array(this.#headerCountMax)
    this.valueEnds = new Int32Array(this.#headerCountMax)
  }

  readRequest(bytes: Uint8Array, start: number, end: number): HeadEvent {
    this.#begin(bytes, start, end)
    return this.#readHeaders(this.#readRequestLine(start))
  }

  readResponse(bytes: Uint8Array, start: number, end: number): HeadEvent {
    this.#begin(bytes, start, end)
    return this.#readHeaders(this.#readStatusLine(start))
  }

  /**
   * Index of the first header of this name (in lower case) at or after `from`, -1 if there is none.
   */
  find(lowerCaseName: string, from = 0): number {
    for (let index = from; index < this.headerCount; index++) {
      const start = this.nameStarts[index]
      if (equalsAsciiAnyCase(this.bytes, start, this.nameEnds[index], lowerCaseName)) return index
    }
    return -1
  }

  #begin(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.#start = start
    // One byte more than allowed would be a fault whatever it is, so nothing behind is looked at.
    this.#end = Math.min(end, start + this.#headBytesMax)
    this.fault = null
    this.headerCount = 0
  }

  #readRequestLine(start: number): number {
    this.methodStart = start
    this.methodEnd = this.#skipClass(IS_TOKEN, start)
    this.targetStart = this.#expect(this.methodEnd, SPACE, 'bad-start-line', start)
    if (this.targetStart < 0) return this.targetStart
    this.targetEnd = this.#skipClass(IS_TARGET, this.targetStart)
    const at = this.#expect(this.targetEnd, SPACE, 'bad-start-line', this.targetStart)
    return at < 0 ? at : this.#lineEnd(this.#expectVersion(at))
  }

  #readStatusLine(start: number): number {
    const afterVersion = this.#expectVersion(start)
    if (afterVersion < 0) return afterVersion
    let at = this.#expect(afterVersion, SPACE, 'bad-start-line')
    if (at < 0) return at
    this.status = 0
    for (const behind = at + 3; at < behind; at++) {
      if (at >= this.#end) return this.#needMore()
      const digit = this.bytes[at] - 0x30
      if (digit < 0 || digit > 9) return this.#fail('bad-start-line')
      this.status = this.status * 10 + digit
    }
    if (at < this.#end && this.bytes[at] !== SPACE && this.bytes[at] !== CR) {
      return this.#fail('bad-start-line')
    }
    return this.#lineEnd(this.#skipClass(IS_VALUE, at))
  }

  #readHeaders(start: number): HeadEvent {
    let at = start
    while (at >= 0) {
      if (at >= this.#end) at = this.#needMore()
      else if (this.bytes[at] === CR) {
        at = this.#lineEnd(at)
        if (at < 0) break
        this.headEnd = at
        return HEAD_EVENT.HEAD
      } else at = this.#readHeader(at)
    }
    return at === NEED_MORE ? HEAD_EVENT.NEED_MORE : HEAD_EVENT.FAULT
  }

  #readHeader(start: number): number {
    const first = this.bytes[start]
    if (first === SPACE || first === TAB) return this.#fail('folded-header')
    if (this.headerCount === this.#headerCountMax) return this.#fail('too-many-headers')
    const nameEnd = this.#skipClass(IS_TOKEN, start)
    let valueStart = this.#expect(nameEnd, COLON, 'bad-header', start)
    if (valueStart < 0) return valueStart
    while (valueStart < this.#end && isBlank(this.bytes[valueStart])) valueStart++
    const lineEnd = this.#skipClass(IS_VALUE, valueStart)
    const next = this.#lineEnd(lineEnd)
    if (next < 0) return next
    let valueEnd = lineEnd
    while (valueEnd > valueStart && isBlank(this.bytes[valueEnd - 1])) valueEnd--
    const index = this.headerCount++
    this.nameStarts[index] = start
    this.nameEnds[index] = nameEnd
    this.valueStarts[index] = valueStart
    this.valueEnds[index] = valueEnd
    return next
  }

  #skipClass(table: Uint8Array, from: number): number {
    let at = from
    while (at < this.#end && table[this.bytes[at]] === 1) at++
    return at
  }

  /** One given byte at `at`, and something before it since `notFrom`. Returns the offset behind. */
  #expect(at: number, byte: number, fault: HeadFault, notFrom = -1): number {
    if (at >= this.#end) return this.#needMore()
    if (this.bytes[at] !== byte || at === notFrom) {
      return this.#fail(this.bytes[at] === LF ? 'bare-line-feed' : fault)
    }
    return at + 1
  }

  #expectVersion(start: number): number {
    for (let index = 0; index < VERSION.length; index++) {
      if (start + index >= this.#end) return this.#needMore()
      if (this.bytes[start + index] !== VERSION.charCodeAt(index)) {
        return this.#fail('bad-http-version')
      }
    }
    return start + VERSION.length
  }

  #lineEnd(at: number): number {
    if (at < 0) return at
    if (at >= this.#end) return this.#needMore()
    if (this.bytes[at] !== CR) {
      return this.#fail(this.bytes[at] === LF ? 'bare-line-feed' : 'bad-header')
    }
    if (at + 1 >= this.#end) return this.#needMore()
    return this.bytes[at + 1] === LF ? at + 2 : this.#fail('bare-line-feed')
  }

  #needMore(): number {
    return this.#end - this.#start >= this.#headBytesMax ? this.#fail('head-too-large') : NEED_MORE
  }

  #fail(fault: HeadFault): number {
    this.fault = fault
    return FAULT
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB
}

function classOf(isMember: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (isMember(code) ? 1 : 0))
}
