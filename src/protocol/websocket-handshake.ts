/**
 * The server's side of the WebSocket handshake (RFC 6455, section 4.2): reads an upgrade request in
 * place, chooses the carrier by its subprotocol, writes the answer. One UpgradeRequest serves a
 * shard; a request costs one hash and the strings that the caller asks for.
 */
import { hash } from 'node:crypto'
import { equalsAscii, textFromLatin1, writeLatin1 } from './ascii.ts'
import {
  HEAD_EVENT,
  HEAD_FAULTS,
  type HeadFault,
  HttpHead,
  type HttpHeadOptions,
} from './http-head.ts'
import { forEachListItem, listHasToken } from './http-list.ts'

export const UPGRADE_EVENT = { NEED_MORE: 0, UPGRADE: 1, FAULT: 2 } as const
export type UpgradeEvent = (typeof UPGRADE_EVENT)[keyof typeof UPGRADE_EVENT]

export const SUBPROTOCOL_BINARY = 'push.v1'
export const SUBPROTOCOL_JSON = 'push.v1.json'
export type Subprotocol = typeof SUBPROTOCOL_BINARY | typeof SUBPROTOCOL_JSON

/** Each with the HTTP status that answers it; docs/protocol.md has the same list. */
export const UPGRADE_FAULTS = {
  ...HEAD_FAULTS,
  'bad-method': [405, 'a method other than GET'],
  'bad-target': [400, 'a request target that does not start with "/"'],
  'duplicate-header': [400, 'a header twice that may be there once'],
  'missing-host': [400, 'no Host header'],
  'unexpected-body': [400, 'a request that announces a body'],
  'not-an-upgrade': [426, 'a request without "Upgrade: websocket" and "Connection: Upgrade"'],
  'bad-websocket-version': [426, 'a Sec-WebSocket-Version other than 13'],
  'bad-websocket-key': [400, 'a Sec-WebSocket-Key that is not 16 bytes in base64'],
  'unknown-subprotocol': [400, 'subprotocols of which this node speaks none'],
} as const
export type UpgradeFault = HeadFault | keyof typeof UPGRADE_FAULTS

/** Room for what writeUpgradeResponse() writes. */
export const UPGRADE_RESPONSE_BYTES_MAX = 256

/** Headers that two readers of one request could disagree on if they came twice. */
const SINGLE_HEADERS = [
  'host',
  'origin',
  'authorization',
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-version',
  'content-length',
  'transfer-encoding',
]

const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const KEY_LENGTH = 24
const SLASH = 0x2f

export class UpgradeRequest {
  /**
   * Target (path and query), headers and headEnd; complete after UPGRADE and after every fault from
   * 'bad-method' on.
   */
  readonly head: HttpHead
  fault: UpgradeFault | null = null
  /** HTTP status that answers the fault. */
  faultStatus = 0
  /** After UPGRADE: how frames travel, and whether the client asked for it by name. */
  subprotocol: Subprotocol = SUBPROTOCOL_JSON
  isSubprotocolOffered = false
  headEnd = 0
  #keyIndex = -1

  constructor(options: HttpHeadOptions = {}) {
    this.head = new HttpHead(options)
  }

  /**
   * Reads bytes[start, end) from the start of the request; call again with more bytes after
   * NEED_MORE.
   */
  read(bytes: Uint8Array, start: number, end: number): UpgradeEvent {
    const event = this.head.readRequest(bytes, start, end)
    if (event === HEAD_EVENT.NEED_MORE) return UPGRADE_EVENT.NEED_MORE
    this.fault = event === HEAD_EVENT.FAULT ? this.head.fault : this.#faultOfHead()
    this.headEnd = this.head.headEnd
    if (this.fault === null) return UPGRADE_EVENT.UPGRADE
    this.faultStatus = UPGRADE_FAULTS[this.fault][0]
    return UPGRADE_EVENT.FAULT
  }

  /** Path and query, as sent. Like the other texts: good while the bytes are, allocates. */
  get target(): string {
    return textFromLatin1(this.head.bytes, this.head.targetStart, this.head.targetEnd)
  }

  /** Value of a header, '' if it is absent. Name in lower case. */
  header(lowerCaseName: string): string {
    const index = this.head.find(lowerCaseName)
    return index < 0 ? '' : this.#value(index)
  }

  get host(): string {
    return this.header('host')
  }

  get origin(): string {
    return this.header('origin')
  }

  get authorization(): string {
    return this.header('authorization')
  }

  /** The key of the client, for acceptFromKey(). */
  get key(): string {
    return this.#value(this.#keyIndex)
  }

  #value(index: number): string {
    return textFromLatin1(this.head.bytes, this.head.valueStarts[index], this.head.valueEnds[index])
  }

  #faultOfHead(): UpgradeFault | null {
    const { head } = this
    const { bytes } = head
    if (!equalsAscii(bytes, head.methodStart, head.methodEnd, 'GET')) return 'bad-method'
    if (bytes[head.targetStart] !== SLASH) return 'bad-target'
    for (const name of SINGLE_HEADERS) {
      const first = head.find(name)
      if (first >= 0 && head.find(name, first + 1) >= 0) return 'duplicate-header'
    }
    if (head.find('host') < 0) return 'missing-host'
    if (head.find('transfer-encoding') >= 0 || this.#hasContent()) return 'unexpected-body'
    return this.#faultOfUpgrade()
  }

  #hasContent(): boolean {
    const index = this.head.find('content-length')
    return index >= 0 && this.#value(index) !== '0'
  }

  #faultOfUpgrade(): UpgradeFault | null {
    const { head } = this
    if (!listHasToken(head, 'upgrade', 'websocket')) return 'not-an-upgrade'
    if (!listHasToken(head, 'connection', 'upgrade')) return 'not-an-upgrade'
    const version = head.find('sec-websocket-version')
    if (version < 0 || this.#value(version) !== '13') return 'bad-websocket-version'
    this.#keyIndex = head.find('sec-websocket-key')
    if (this.#keyIndex < 0 || !isKey(head, this.#keyIndex)) return 'bad-websocket-key'
    return this.#chooseSubprotocol() ? null : 'unknown-subprotocol'
  }

  /**
   * The client's order decides. None offered: the readable form, for a person with a bare client.
   */
  #chooseSubprotocol(): boolean {
    const { bytes } = this.head
    this.subprotocol = SUBPROTOCOL_JSON
    this.isSubprotocolOffered = this.head.find('sec-websocket-protocol') >= 0
    if (!this.isSubprotocolOffered) return true
    return forEachListItem(this.head, 'sec-websocket-protocol', (start, end) => {
      if (equalsAscii(bytes, start, end, SUBPROTOCOL_BINARY)) this.subprotocol = SUBPROTOCOL_BINARY
      else return equalsAscii(bytes, start, end, SUBPROTOCOL_JSON)
      return true
    })
  }
}

/** The 101 for a request that read as UPGRADE. Returns the end. */
export function writeUpgradeResponse(out: Uint8Array, at: number, request: UpgradeRequest): number {
  const subprotocol = request.isSubprotocolOffered
    ? `Sec-WebSocket-Protocol: ${request.subprotocol}\r\n`
    : ''
  return writeLatin1(
    out,
    at,
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${acceptFromKey(request.key)}\r\n${subprotocol}\r\n`,
  )
}

const STATUS_TEXTS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
}

/**
 * Headers that RFC 9110 wants beside a status (10.2.1, 15.5.22) and RFC 6455 (4.4) beside a wrong
 * version.
 */
const STATUS_HEADERS: Record<number, string> = {
  405: 'Allow: GET\r\n',
  426: 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n',
}

/**
 * Refuses a handshake: a complete response that closes the connection. `reason` is ASCII, one line,
 * and becomes the body; `headers` are whole lines with CRLF ("Retry-After: 5\r\n"). Needs 256 bytes
 * and theirs. Returns the end.
 */
export function writeUpgradeRefusal(
  out: Uint8Array,
  at: number,
  status: number,
  reason: string,
  headers = '',
): number {
  return writeLatin1(
    out,
    at,
    `HTTP/1.1 ${status} ${STATUS_TEXTS[status] ?? 'Refused'}\r\n${STATUS_HEADERS[status] ?? ''}` +
      `${headers}Connection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${reason.length + 1}\r\n\r\n${reason}\n`,
  )
}

/** Sec-WebSocket-Accept of a Sec-WebSocket-Key (section 4.2.2, step 5.4). */
export function acceptFromKey(key: string): string {
  return hash('sha1', key + ACCEPT_GUID, 'base64')
}

/** 16 bytes in base64: 22 characters and two of padding. */
function isKey(head: HttpHead, index: number): boolean {
  const start = head.valueStarts[index]
  const text = textFromLatin1(head.bytes, start, head.valueEnds[index])
  return text.length === KEY_LENGTH && /^[+/0-9A-Za-z]{22}==$/.test(text)
}
