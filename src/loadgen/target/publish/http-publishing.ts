/**
 * Pushes as one POST each over a connection that stays open, pipelined: the next request does not
 * wait for the answer to the last. Answers come in order and are counted.
 */
import { PushctlError } from '../../../errors/pushctl-error.ts'
import { HEAD_EVENT, HttpHead } from '../../../protocol/http-head.ts'
import { textFromLatin1 } from '../../../protocol/ascii.ts'
import type { BatchStreamEvents } from '../../batch-stream.ts'
import { BODY_EVENT, HttpBody } from '../http/http-body.ts'
import { MessageTemplate, type TemplateNames } from '../message-template.ts'
import { hostPort } from '../target-address.ts'
import { wrongProtocolCause } from '../wrong-protocol.ts'
import type { PublishConversation } from './publish-wire.ts'
import { addressed } from './template-format.ts'

const NOTHING = new Uint8Array(0)
const SAMPLE_BYTES_MAX = 200

export interface PostFields {
  /** http://host:port/path, with {device} in the path. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Template of the body. */
  readonly body: string
}

/** A whole POST as one template. All pushes are equally long, so the length is known. */
export function postText(
  { url, headers, body }: PostFields,
  names: TemplateNames,
  messageBytes: number,
  toAll: boolean,
): string {
  const { hostname, port, pathname, protocol, search } = new URL(url)
  const path = `${pathname}${search}`.replace(/%7B(\w+)%7D/gi, '{$1}')
  const host = hostPort(
    hostname.replace(/^\[|\]$/g, ''),
    Number(port || (protocol === 'https:' ? 443 : 80)),
  )
  const bodyBytes = new MessageTemplate(addressed(body, toAll), names, messageBytes).bytes.length
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${bodyBytes}`,
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

export class HttpConversation implements PublishConversation {
  readonly greeting = NOTHING
  readonly goodbye = NOTHING
  readonly isReady = true
  answered = 0
  readonly #shown: string
  readonly #events: BatchStreamEvents
  readonly #head = new HttpHead()
  readonly #body = new HttpBody()
  #status = 0
  #isInBody = false

  constructor(shown: string, events: BatchStreamEvents) {
    this.#shown = shown
    this.#events = events
  }

  read(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    for (;;) {
      if (!this.#isInBody) {
        const event = this.#head.readResponse(bytes, at, end)
        if (event === HEAD_EVENT.NEED_MORE) return at
        if (event === HEAD_EVENT.FAULT) throw this.#fault(bytes, at, end)
        this.#status = this.#head.status
        at = this.#head.headEnd
        this.#body.begin(this.#head)
        this.#isInBody = true
      }
      const bodyStart = at
      const event = this.#body.next(bytes, at, end)
      at = this.#body.at
      if (event === BODY_EVENT.FAULT) throw this.#fault(bytes, at, end)
      if (event === BODY_EVENT.NEED_MORE) return at
      if (event !== BODY_EVENT.END) continue
      this.#isInBody = false
      this.answered += 1
      if (this.#status >= 300) {
        const sample = textFromLatin1(bytes, bodyStart, Math.min(at, bodyStart + SAMPLE_BYTES_MAX))
        this.#events.onRefused(`http ${this.#status}`, sample)
      }
      if (at === end) return end
    }
  }

  #fault(bytes: Uint8Array, at: number, end: number): PushctlError {
    const cause = wrongProtocolCause(bytes, at, end, 'HTTP') ?? String(this.#head.fault)
    const message = `the publisher was not answered in HTTP by ${this.#shown}`
    return new PushctlError('PUSHCTL_TARGET_PROTOCOL', message, { why: cause })
  }
}
