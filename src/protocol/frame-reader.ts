/**
 * Reads one frame (type byte and body) into public fields. One reader serves a whole shard: nothing
 * is allocated, strings stay offsets into the bytes they came from. The cost: fields are good until
 * the next read() and as long as the bytes are, and only those of the frame's own type mean
 * anything; the others hold what an earlier frame left.
 */
import { ByteCursor } from './byte-cursor.ts'
import { byeCodeOfFault, type FrameFault } from './frame-faults.ts'
import { FRAME, FROM_NODE_BIT, LIMITS, MSG_FLAG, NETWORK, PROTOCOL_VERSION } from './frame-types.ts'
import { readVarint, varintBytes } from './varint.ts'

export interface FrameReaderOptions {
  /** Who sends what is read; frames of the other direction are 'unknown-type'. */
  readonly from: 'device' | 'node'
  readonly deviceIdBytesMax?: number
  readonly tagCountMax?: number
}

export class FrameReader {
  /** Why the last read() returned false, and the BYE code to answer with. */
  fault: FrameFault | null = null
  byeCode = 0

  /** One of FRAME. */
  type = 0
  /** HELLO, WELCOME, MSG. Unknown bits are left in. */
  flags = 0
  /** HELLO */
  version = 0
  network = 0
  deviceIdStart = 0
  deviceIdEnd = 0
  tokenStart = 0
  tokenEnd = 0
  tagCount = 0
  /** The run of tags, each with its length in front: what writeHello() takes. */
  tagsStart = 0
  tagsEnd = 0
  /** HELLO, WELCOME. PONG: the new grant, -1 if absent. */
  heartbeatSeconds = 0
  /** HELLO, WELCOME */
  inboxSeq = 0
  broadcastSeq = 0
  /** PING, -1 if absent. */
  observedIdleSeconds = -1
  /** ACK, PULL, NOTIFY */
  stream = 0
  /** ACK, MSG; afterSeq of PULL; headSeq of NOTIFY. */
  seq = 0
  /** PULL */
  max = 0
  /** SEND, SENT */
  requestId = 0
  /** SEND */
  productStart = 0
  productEnd = 0
  routeStart = 0
  routeEnd = 0
  /** SEND, MSG */
  payloadStart = 0
  payloadEnd = 0
  /** MSG, -1 if absent. */
  publishedUs = -1
  /** BIND: 1 bind, 0 unbind. */
  add = 0
  /** BIND, and each tag of a HELLO by nextTag(). */
  tagStart = 0
  tagEnd = 0
  /** WELCOME */
  serverTimeMs = 0
  sessionIdHigh = 0
  sessionIdLow = 0
  /** BYE */
  code = 0
  reasonStart = 0
  reasonEnd = 0
  retryAfterMs = 0
  addressCount = 0
  /** Each address of a BYE by nextAddress(). */
  addressStart = 0
  addressEnd = 0
  /** SENT */
  status = 0

  readonly #fromNode: boolean
  readonly #deviceIdBytesMax: number
  readonly #tagCountMax: number
  readonly #cursor = new ByteCursor()
  /**
   * Where nextTag() or nextAddress() reads next, and how many are left. A frame has tags or
   * addresses, never both.
   */
  #listAt = 0
  #listLeft = 0
  #itemStart = 0

  constructor(options: FrameReaderOptions) {
    this.#fromNode = options.from === 'node'
    this.#deviceIdBytesMax = options.deviceIdBytesMax ?? LIMITS.deviceIdBytesMax
    this.#tagCountMax = options.tagCountMax ?? LIMITS.tagCountMax
  }

  /** Reads bytes[start, end), which is exactly one frame. False: see `fault`. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    const cursor = this.#cursor
    cursor.begin(bytes, start, end)
    this.#listLeft = 0
    if (start >= end) cursor.fail('empty-frame')
    else {
      this.type = cursor.u8()
      const fromNode = (this.type & FROM_NODE_BIT) !== 0
      if (fromNode !== this.#fromNode) cursor.fail('unknown-type')
      else if (fromNode) this.#readFromNode(cursor)
      else this.#readFromDevice(cursor)
      if (cursor.at < end) cursor.fail('trailing-bytes')
    }
    const fault = cursor.fault
    this.fault = fault
    this.byeCode = fault === null ? 0 : byeCodeOfFault(fault)
    return fault === null
  }

  /** Moves tagStart and tagEnd to the next tag of a HELLO; false after the last. */
  nextTag(): boolean {
    if (!this.#nextOfList()) return false
    this.tagStart = this.#itemStart
    this.tagEnd = this.#listAt
    return true
  }

  /** Moves addressStart and addressEnd to the next address of a BYE; false after the last. */
  nextAddress(): boolean {
    if (!this.#nextOfList()) return false
    this.addressStart = this.#itemStart
    this.addressEnd = this.#listAt
    return true
  }

  #readFromDevice(cursor: ByteCursor): void {
    switch (this.type) {
      case FRAME.HELLO:
        this.#readHello(cursor)
        break
      case FRAME.PING:
        this.observedIdleSeconds = cursor.at === cursor.end ? -1 : cursor.varint()
        break
      case FRAME.ACK:
        this.#readStream(cursor)
        this.seq = cursor.varint()
        break
      case FRAME.PULL:
        this.#readStream(cursor)
        this.seq = cursor.varint()
        this.max = cursor.varint()
        break
      case FRAME.SEND:
        this.#readSend(cursor)
        break
      case FRAME.BIND:
        this.add = cursor.u8()
        if (this.add > 1) cursor.fail('bad-bind')
        cursor.string(LIMITS.tagBytesMax)
        this.tagStart = cursor.stringStart
        this.tagEnd = cursor.stringEnd
        break
      default:
        cursor.fail('unknown-type')
    }
  }

  #readFromNode(cursor: ByteCursor): void {
    switch (this.type) {
      case FRAME.WELCOME:
        this.#readWelcome(cursor)
        break
      case FRAME.PONG:
        this.heartbeatSeconds = cursor.at === cursor.end ? -1 : cursor.varint()
        break
      case FRAME.MSG:
        this.flags = cursor.u8()
        this.seq = cursor.varint()
        this.publishedUs = (this.flags & MSG_FLAG.PUBLISHED_US) === 0 ? -1 : cursor.u64()
        this.#readPayload(cursor)
        break
      case FRAME.NOTIFY:
        this.#readStream(cursor)
        this.seq = cursor.varint()
        break
      case FRAME.BYE:
        this.#readBye(cursor)
        break
      case FRAME.SENT:
        this.requestId = cursor.varint()
        this.status = cursor.u8()
        if (this.status > 2) cursor.fail('bad-status')
        break
      default:
        cursor.fail('unknown-type')
    }
  }

  #readHello(cursor: ByteCursor): void {
    this.version = cursor.u8()
    // Another version may have another body, so nothing behind this byte is worth a
    // different fault.
    if (this.version !== PROTOCOL_VERSION) cursor.fail('bad-version')
    this.flags = cursor.u8()
    const network = cursor.u8()
    this.network = network > NETWORK.WIRED ? NETWORK.UNKNOWN : network
    this.heartbeatSeconds = cursor.varint()
    this.inboxSeq = cursor.varint()
    this.broadcastSeq = cursor.varint()
    cursor.string(this.#deviceIdBytesMax, 'device-id-length')
    this.deviceIdStart = cursor.stringStart
    this.deviceIdEnd = cursor.stringEnd
    if (this.deviceIdStart === this.deviceIdEnd) cursor.fail('device-id-length')
    cursor.string(LIMITS.tokenBytesMax)
    this.tokenStart = cursor.stringStart
    this.tokenEnd = cursor.stringEnd
    this.tagCount = cursor.varint()
    if (this.tagCount > this.#tagCountMax) cursor.fail('too-many-tags')
    this.tagsStart = cursor.at
    this.#readList(cursor, this.tagCount, LIMITS.tagBytesMax)
    this.tagsEnd = cursor.at
  }

  #readSend(cursor: ByteCursor): void {
    this.requestId = cursor.varint()
    cursor.string(LIMITS.productBytesMax)
    this.productStart = cursor.stringStart
    this.productEnd = cursor.stringEnd
    cursor.string(LIMITS.routeBytesMax)
    this.routeStart = cursor.stringStart
    this.routeEnd = cursor.stringEnd
    this.#readPayload(cursor)
  }

  #readWelcome(cursor: ByteCursor): void {
    this.flags = cursor.u8()
    this.heartbeatSeconds = cursor.varint()
    this.serverTimeMs = cursor.u64()
    this.inboxSeq = cursor.varint()
    this.broadcastSeq = cursor.varint()
    this.sessionIdHigh = cursor.u32()
    this.sessionIdLow = cursor.u32()
  }

  #readBye(cursor: ByteCursor): void {
    this.code = cursor.u16()
    cursor.string(LIMITS.reasonBytesMax)
    this.reasonStart = cursor.stringStart
    this.reasonEnd = cursor.stringEnd
    this.retryAfterMs = cursor.varint()
    this.addressCount = cursor.varint()
    if (this.addressCount > LIMITS.addressCountMax) cursor.fail('too-many-addresses')
    this.#readList(cursor, this.addressCount, LIMITS.addressBytesMax)
  }

  #readStream(cursor: ByteCursor): void {
    this.stream = cursor.u8()
    if (this.stream > 1) cursor.fail('bad-stream')
  }

  #readPayload(cursor: ByteCursor): void {
    this.payloadStart = cursor.at
    this.payloadEnd = cursor.end
    cursor.at = cursor.end
  }

  /** Checks all strings of a list now, so that stepping through it later cannot fail. */
  #readList(cursor: ByteCursor, count: number, bytesMax: number): void {
    this.#listAt = cursor.at
    for (let index = 0; index < count && cursor.fault === null; index++) cursor.string(bytesMax)
    this.#listLeft = cursor.fault === null ? count : 0
  }

  #nextOfList(): boolean {
    if (this.#listLeft === 0) return false
    this.#listLeft--
    const { bytes, end } = this.#cursor
    const length = readVarint(bytes, this.#listAt, end)
    this.#itemStart = this.#listAt + varintBytes(length)
    this.#listAt = this.#itemStart + length
    return true
  }
}
