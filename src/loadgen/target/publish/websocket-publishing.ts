/**
 * Pushes as messages of one WebSocket connection, to a server that passes on what is published to
 * it. The mask key of its frames is 0, which leaves a template readable in place: masks protect
 * proxies from pages in a browser (RFC 6455, 10.3), which bench is not.
 */
import { randomBytes } from 'node:crypto'
import { PushctlError } from '../../../errors/pushctl-error.ts'
import { LIMITS } from '../../../protocol/frame-types.ts'
import {
  UpgradeResponse,
  upgradeKeyFromBytes,
  upgradeRequestText,
} from '../../../protocol/websocket-client-handshake.ts'
import {
  CLOSE_CODE,
  CONTROL_FRAME_BYTES_MAX,
  HEADER_BYTES_MAX,
  OPCODE,
} from '../../../protocol/websocket-frame.ts'
import { acceptFromKey, UPGRADE_EVENT } from '../../../protocol/websocket-handshake.ts'
import { WEBSOCKET_EVENT, WebSocketReader } from '../../../protocol/websocket-reader.ts'
import {
  writeClose,
  writeHeaderBefore,
  writeWebSocketPong,
} from '../../../protocol/websocket-writer.ts'
import { hostPort, type ResolvedTarget } from '../target-address.ts'
import { DEFAULT_WIRE } from '../wire-settings.ts'
import { wrongProtocolCause } from '../wrong-protocol.ts'
import type { PublishConversation, PublishFormat } from './publish-wire.ts'

const MASK_KEY = 0
/** In place of {device} in the upgrade of the publisher. */
export const PUBLISHER = 'publisher'

/** Puts a text frame around each push of another format. */
export class FramedFormat implements PublishFormat {
  readonly lineBytes: number
  readonly #header: Uint8Array
  readonly #inner: PublishFormat

  constructor(inner: PublishFormat) {
    this.#inner = inner
    const frame = new Uint8Array(HEADER_BYTES_MAX + inner.lineBytes)
    const start = writeHeaderBefore(frame, HEADER_BYTES_MAX, frame.length, OPCODE.TEXT, MASK_KEY)
    this.#header = frame.slice(start, HEADER_BYTES_MAX)
    this.lineBytes = this.#header.length + inner.lineBytes
  }

  write(
    chunk: Uint8Array,
    at: number,
    device: number,
    seq: number,
    intendedUs: number,
    writtenUs: number,
  ): void {
    chunk.set(this.#header, at)
    this.#inner.write(chunk, at + this.#header.length, device, seq, intendedUs, writtenUs)
  }
}

/** A protocol inside the messages that has words to say before pushes, such as Socket.IO. */
export interface InnerGreeting {
  readonly isReady: boolean
  /** @throws Error that says why the publisher is not let in */
  answerTo(bytes: Uint8Array, start: number, end: number): string | null
}

export class WebSocketConversation implements PublishConversation {
  readonly greeting: Uint8Array
  readonly goodbye: Uint8Array
  readonly answered = null
  readonly #shown: string
  readonly #accept: string
  readonly #offered: readonly string[]
  readonly #response = new UpgradeResponse()
  readonly #reader = new WebSocketReader({ role: 'client', messageBytesMax: LIMITS.frameBytesMax })
  readonly #inner: InnerGreeting | null
  #isUpgraded = false
  #assembledBytes = 0
  #fragmentOpcode = 0

  constructor(target: ResolvedTarget, inner: InnerGreeting | null = null) {
    this.#inner = inner
    const { headers, subprotocols } = target.wire ?? DEFAULT_WIRE
    const key = upgradeKeyFromBytes(randomBytes(16))
    const host = hostPort(target.host, target.port)
    const request = upgradeRequestText({ target: target.path, host, key, subprotocols, headers })
    this.greeting = Buffer.from(request.replaceAll('{device}', PUBLISHER))
    const close = new Uint8Array(CONTROL_FRAME_BYTES_MAX)
    this.goodbye = close.slice(0, writeClose(close, 0, CLOSE_CODE.NORMAL, '', MASK_KEY))
    this.#shown = target.url
    this.#accept = acceptFromKey(key)
    this.#offered = subprotocols
  }

  get isReady(): boolean {
    return this.#isUpgraded && this.#inner?.isReady !== false
  }

  read(bytes: Uint8Array, start: number, end: number, reply: (bytes: Uint8Array) => void): number {
    let at = start
    if (!this.#isUpgraded) {
      const response = this.#response
      const event = response.read(bytes, start, end, this.#accept, this.#offered)
      if (event === UPGRADE_EVENT.NEED_MORE) return start
      if (event === UPGRADE_EVENT.FAULT) {
        const refused = response.fault === 'upgrade-refused'
        const stranger = wrongProtocolCause(bytes, start, end, 'HTTP') ?? String(response.fault)
        throw this.#refusal(refused ? `http ${response.status}` : stranger)
      }
      this.#isUpgraded = true
      at = response.headEnd
    }
    const reader = this.#reader
    reader.begin(bytes, at, end, this.#assembledBytes, this.#fragmentOpcode)
    for (;;) {
      switch (reader.next()) {
        case WEBSOCKET_EVENT.NEED_MORE:
          this.#assembledBytes = reader.assembledBytes
          this.#fragmentOpcode = reader.fragmentOpcode
          return reader.keepFrom
        case WEBSOCKET_EVENT.PING:
          reply(pongFor(bytes, reader.payloadStart, reader.payloadEnd))
          break
        case WEBSOCKET_EVENT.TEXT: {
          const answer = this.#answerTo(bytes, reader.payloadStart, reader.payloadEnd)
          if (answer !== null) reply(textFrame(answer))
          break
        }
        case WEBSOCKET_EVENT.CLOSE:
          throw this.#refusal(`close ${reader.closeCode}`)
        case WEBSOCKET_EVENT.FAULT:
          throw this.#refusal(String(reader.fault))
        default:
          // Whatever the server says to a publisher, its devices are who is measured.
          break
      }
    }
  }

  #answerTo(bytes: Uint8Array, start: number, end: number): string | null {
    try {
      return this.#inner?.answerTo(bytes, start, end) ?? null
    } catch (error) {
      throw this.#refusal((error as Error).message)
    }
  }

  #refusal(why: string): PushctlError {
    return new PushctlError('PUSHCTL_TARGET_REFUSED', `${this.#shown} refused the publisher`, {
      why,
    })
  }
}

function textFrame(text: string): Uint8Array {
  const payload = Buffer.from(text)
  const frame = new Uint8Array(HEADER_BYTES_MAX + payload.length)
  frame.set(payload, HEADER_BYTES_MAX)
  const start = writeHeaderBefore(frame, HEADER_BYTES_MAX, frame.length, OPCODE.TEXT, MASK_KEY)
  return frame.subarray(start)
}

function pongFor(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const frame = new Uint8Array(CONTROL_FRAME_BYTES_MAX)
  return frame.subarray(0, writeWebSocketPong(frame, 0, bytes, start, end, MASK_KEY))
}
