/**
 * Pushes as text around a marker: an HTTP request each, or a WebSocket message each. The bytes of a
 * whole push are a template, whose digits and marker are written in place.
 */
import { BROADCAST_MARK } from '../../marker.ts'
import { MessageTemplate, type TemplateNames } from '../message-template.ts'
import type { PayloadText } from '../../population/payload-text.ts'
import { TEXT_MARKER_CHARACTERS, TextMarker } from '../text-marker.ts'
import type { PublishFormat } from './publish-wire.ts'

/** In place of {device} in a push to all. */
const ALL = 'all'

export class TemplateFormat implements PublishFormat {
  readonly lineBytes: number
  readonly #template: MessageTemplate
  readonly #marker: TextMarker
  readonly #seqMark: number
  readonly #payloadText: PayloadText | null
  readonly #payloadTextAt: number

  /** `text`: one whole push, with {payload}. */
  constructor(
    text: string,
    names: TemplateNames,
    messageBytes: number,
    toAll: boolean,
    payloadText: PayloadText | null = null,
  ) {
    this.#template = new MessageTemplate(addressed(text, toAll), names, messageBytes)
    this.#marker = new TextMarker(names.runId)
    this.lineBytes = this.#template.bytes.length
    this.#seqMark = toAll ? BROADCAST_MARK : 0
    this.#payloadText = payloadText
    this.#payloadTextAt = this.#template.markerAt + TEXT_MARKER_CHARACTERS
    if (payloadText !== null) this.#template.bytes.set(payloadText.bytes, this.#payloadTextAt)
  }

  write(
    chunk: Uint8Array,
    at: number,
    device: number,
    seq: number,
    intendedUs: number,
    writtenUs: number,
  ): void {
    this.#template.write(chunk, at, device)
    const markerAt = at + this.#template.markerAt
    this.#marker.write(chunk, markerAt, this.#seqMark + seq, intendedUs, writtenUs)
    this.#payloadText?.write(chunk, at + this.#payloadTextAt, device, seq)
  }
}

/** A template with its addressee: {device} stands for one device, or for all. */
export function addressed(text: string, toAll: boolean): string {
  return toAll ? text.replaceAll('{device}', ALL) : text
}
