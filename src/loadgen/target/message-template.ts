/**
 * What a user says a server of another protocol is to be sent: text with {device}, {run} and
 * {payload} in it. Compiled once into bytes into which only digits and the marker are written, so a
 * message costs one copy whatever the template looks like.
 */
import { type DeviceNames, deviceIdOf } from '../device-names.ts'
import { FILLER_BYTE } from '../marker.ts'
import { DeviceBytes } from './device-bytes.ts'
import { TEXT_MARKER_CHARACTERS } from './text-marker.ts'

const PAYLOAD = '{payload}'

export interface TemplateNames {
  readonly runId: number
  readonly devices: DeviceNames
}

export class MessageTemplate extends DeviceBytes {
  /** Offset of the marker's 32 characters, -1: the template has no payload. */
  readonly markerAt: number

  /** `payloadBytes`: characters in place of {payload}, at least those of the marker. */
  constructor(text: string, names: TemplateNames, payloadBytes = 0) {
    const [before, ...after] = textForFirst(text, names).split(PAYLOAD)
    const filler = String.fromCharCode(FILLER_BYTE)
    const payload = filler.repeat(Math.max(payloadBytes, TEXT_MARKER_CHARACTERS))
    super(Buffer.from([before, ...after].join(payload)), names.devices)
    this.markerAt = after.length === 0 ? -1 : Buffer.byteLength(before)
  }
}

/** The text of a template without a payload, for device 0. */
export function textForFirst(text: string, { runId, devices }: TemplateNames): string {
  return text
    .replaceAll('{device}', () => deviceIdOf(devices, 0))
    .replaceAll('{run}', () => runId.toString(36))
}

/**
 * What is wrong with a template, null: nothing. With two payloads one message would be counted
 * twice.
 */
export function templateFault(text: string, needsPayload: boolean): string | null {
  const payloads = text.split(PAYLOAD).length - 1
  if (payloads > 1) return 'has {payload} more than once'
  return needsPayload && payloads === 0 ? 'has no {payload}' : null
}
