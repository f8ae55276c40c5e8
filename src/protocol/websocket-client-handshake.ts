/**
 * The client's side of the WebSocket handshake (RFC 6455, section 4.1). The key is the caller's: a
 * load generator may send one key for all connections and so write the request once, which is
 * allowed to prove nothing about randomness but leaves the check of the answer intact.
 */
import { equalsAscii, textFromLatin1, writeLatin1 } from './ascii.ts'
import { HEAD_EVENT, type HeadFault, HttpHead, type HttpHeadOptions } from './http-head.ts'
import { forEachListItem, listHasToken } from './http-list.ts'
import { UPGRADE_EVENT, type UpgradeEvent } from './websocket-handshake.ts'

export interface UpgradeRequestFields {
  /** Path and query, starting with "/". */
  readonly target: string
  /** "name:port" as in the URL. */
  readonly host: string
  /** From upgradeKeyFromBytes(). */
  readonly key: string
  /** In order of preference; none where empty. */
  readonly subprotocols: readonly string[]
  /** Further headers, name → value: Authorization, Origin. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The faults of an answer, each with its meaning; docs/protocol.md has the same list. */
export const UPGRADE_RESPONSE_FAULTS = {
  'upgrade-refused': 'a status other than 101',
  'not-a-websocket': 'a 101 without "Upgrade: websocket" and "Connection: Upgrade"',
  'bad-accept-key': 'no Sec-WebSocket-Accept, or not the one of our key',
  'unexpected-subprotocol': 'a subprotocol that was not offered, or none although one was',
  'unexpected-extension': 'an extension, although none was offered',
} as const
export type UpgradeResponseFault = HeadFault | keyof typeof UPGRADE_RESPONSE_FAULTS

/** A Sec-WebSocket-Key from 16 random bytes. */
export function upgradeKeyFromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('base64')
}

/** The request as text. Values must be Latin-1 and of one line: throws RangeError otherwise. */
export function upgradeRequestText(fields: UpgradeRequestFields): string {
  const lines = [
    `GET ${fields.target} HTTP/1.1`,
    `Host: ${fields.host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${fields.key}`,
  ]
  if (fields.subprotocols.length > 0) {
    lines.push(`Sec-WebSocket-Protocol: ${fields.subprotocols.join(', ')}`)
  }
  for (const [name, value] of Object.entries(fields.headers ?? {})) lines.push(`${name}: ${value}`)
  for (const line of lines) {
    if (!/^[\t\x20-\x7e\xa0-\xff]*$/.test(line)) {
      throw new RangeError(`a header must be one line of Latin-1 text, got ${JSON.stringify(line)}`)
    }
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Writes the request; returns the end. It is as long as upgradeRequestText(fields). */
export function writeUpgradeRequest(
  out: Uint8Array,
  at: number,
  fields: UpgradeRequestFields,
): number {
  return writeLatin1(out, at, upgradeRequestText(fields))
}

/** Reads the answer; one object serves a shard. */
export class UpgradeResponse {
  readonly head: HttpHead
  fault: UpgradeResponseFault | null = null
  /** HTTP status, once the status line was read. */
  status = 0
  /** After UPGRADE: frames begin here. */
  headEnd = 0
  /** After UPGRADE: what the server chose, '' for none. */
  subprotocol = ''

  constructor(options: HttpHeadOptions = {}) {
    this.head = new HttpHead(options)
  }

  /** `accept` is acceptFromKey(key), `offered` the subprotocols of the request. */
  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    accept: string,
    offered: readonly string[],
  ): UpgradeEvent {
    this.head.status = 0
    const event = this.head.readResponse(bytes, start, end)
    if (event === HEAD_EVENT.NEED_MORE) return UPGRADE_EVENT.NEED_MORE
    this.status = this.head.status
    this.headEnd = this.head.headEnd
    this.fault = event === HEAD_EVENT.FAULT ? this.head.fault : this.#faultOf(accept, offered)
    return this.fault === null ? UPGRADE_EVENT.UPGRADE : UPGRADE_EVENT.FAULT
  }

  #faultOf(accept: string, offered: readonly string[]): UpgradeResponseFault | null {
    const { head } = this
    if (head.status !== 101) return 'upgrade-refused'
    if (!listHasToken(head, 'upgrade', 'websocket')) return 'not-a-websocket'
    if (!listHasToken(head, 'connection', 'upgrade')) return 'not-a-websocket'
    const key = head.find('sec-websocket-accept')
    if (key < 0 || !this.#valueIs(key, accept)) return 'bad-accept-key'
    if (head.find('sec-websocket-accept', key + 1) >= 0) return 'bad-accept-key'
    if (forEachListItem(head, 'sec-websocket-extensions', () => true)) return 'unexpected-extension'
    return this.#chooseSubprotocol(offered) ? null : 'unexpected-subprotocol'
  }

  #chooseSubprotocol(offered: readonly string[]): boolean {
    const { head } = this
    this.subprotocol = ''
    const index = head.find('sec-websocket-protocol')
    if (index < 0) return offered.length === 0
    if (head.find('sec-websocket-protocol', index + 1) >= 0) return false
    const chosen = offered.find((name) => this.#valueIs(index, name))
    this.subprotocol = chosen ?? ''
    return chosen !== undefined
  }

  #valueIs(index: number, text: string): boolean {
    const { bytes, valueStarts, valueEnds } = this.head
    return equalsAscii(bytes, valueStarts[index], valueEnds[index], text)
  }
}

/**
 * What a server said beside its refusal, for an error message: at most `bytesMax` bytes of what
 * follows the head.
 */
export function refusalBody(
  response: UpgradeResponse,
  bytes: Uint8Array,
  end: number,
  bytesMax = 200,
): string {
  const start = response.headEnd
  return textFromLatin1(bytes, start, Math.min(end, start + bytesMax)).trim()
}
