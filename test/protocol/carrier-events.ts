/**
 * What arrives on each carrier, one line of text per event: the language of test/protocol/cases.
 */
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { LIMITS } from '../../src/protocol/frame-types.ts'
import { jsonFromFrame } from '../../src/protocol/json-frames.ts'
import { TCP_EVENT, TcpFraming } from '../../src/protocol/tcp-framing.ts'
import { UpgradeResponse } from '../../src/protocol/websocket-client-handshake.ts'
import { UPGRADE_EVENT, UpgradeRequest } from '../../src/protocol/websocket-handshake.ts'
import { WEBSOCKET_EVENT, WebSocketReader } from '../../src/protocol/websocket-reader.ts'
import { KeptRegion } from './kept-region.ts'

export type Sender = 'device' | 'node'

/** A frame as its JSON form, or its fault. */
export function frameEvent(from: Sender, bytes: Uint8Array, start: number, end: number): string {
  const reader = new FrameReader({ from })
  if (reader.read(bytes, start, end)) return jsonFromFrame(reader, bytes)
  return `FAULT ${reader.fault} BYE ${reader.byeCode}`
}

/** Reading ends at the first fault, as a connection does. */
export function tcpEvents(
  from: Sender,
  chunks: readonly Uint8Array[],
  frameBytesMax: number = LIMITS.frameBytesMax,
): string[] {
  const framing = new TcpFraming(frameBytesMax)
  const region = new KeptRegion()
  const events: string[] = []
  for (const chunk of chunks) {
    region.present(chunk, (bytes, start, end) => {
      let at = start
      while (!hasFault(events)) {
        const event = framing.next(bytes, at, end)
        if (event === TCP_EVENT.NEED_MORE) return at
        if (event === TCP_EVENT.FAULT) events.push(`FAULT ${framing.fault} BYE ${framing.byeCode}`)
        else {
          events.push(frameEvent(from, bytes, framing.bodyStart, framing.bodyEnd))
          at = framing.bodyEnd
        }
      }
      return end
    })
    if (hasFault(events)) return events
  }
  if (region.keptBytes > 0) events.push(`KEPT ${region.keptBytes}`)
  return events
}

const EVENT_NAMES = new Map<number, string>(
  Object.entries(WEBSOCKET_EVENT).map(([name, event]) => [event, name]),
)

/** `onMessage` turns the payload of a BINARY into something else than hex. */
export function webSocketEvents(
  role: 'server' | 'client',
  chunks: readonly Uint8Array[],
  messageBytesMax: number = LIMITS.frameBytesMax,
  onMessage = (bytes: Uint8Array, start: number, end: number): string =>
    `BINARY ${Buffer.from(bytes.subarray(start, end)).toString('hex')}`,
): string[] {
  const reader = new WebSocketReader({ role, messageBytesMax })
  const region = new KeptRegion()
  const events: string[] = []
  let assembledBytes = 0
  let fragmentOpcode = 0
  for (const chunk of chunks) {
    region.present(chunk, (bytes, start, end) => {
      reader.begin(bytes, start, end, assembledBytes, fragmentOpcode)
      for (;;) {
        const event = reader.next()
        if (event === WEBSOCKET_EVENT.NEED_MORE) break
        events.push(webSocketEvent(reader, event, bytes, onMessage))
      }
      assembledBytes = reader.assembledBytes
      fragmentOpcode = reader.fragmentOpcode
      return reader.keepFrom
    })
    if (events.some((event) => /^(FAULT|CLOSE)/.test(event))) return events
  }
  if (region.keptBytes > 0) events.push(`KEPT ${region.keptBytes}`)
  return events
}

function webSocketEvent(
  reader: WebSocketReader,
  event: number,
  bytes: Uint8Array,
  onMessage: (bytes: Uint8Array, start: number, end: number) => string,
): string {
  const { payloadStart, payloadEnd } = reader
  const payload = Buffer.from(bytes.subarray(payloadStart, payloadEnd))
  switch (event) {
    case WEBSOCKET_EVENT.BINARY:
      return onMessage(bytes, payloadStart, payloadEnd)
    case WEBSOCKET_EVENT.CLOSE:
      return `CLOSE ${reader.closeCode} ${JSON.stringify(payload.toString())}`
    case WEBSOCKET_EVENT.FAULT:
      return `FAULT ${reader.fault} CLOSE ${reader.faultCloseCode}`
    default:
      return `${EVENT_NAMES.get(event)} ${JSON.stringify(payload.toString())}`
  }
}

export function upgradeEvents(chunks: readonly Uint8Array[]): string[] {
  const request = new UpgradeRequest()
  return headEvents(chunks, (bytes, start, end) => {
    const event = request.read(bytes, start, end)
    if (event === UPGRADE_EVENT.NEED_MORE) return undefined
    if (event === UPGRADE_EVENT.FAULT) return `FAULT ${request.fault} ${request.faultStatus}`
    const { subprotocol, target, host, origin, authorization } = request
    const offered = request.isSubprotocolOffered ? 'offered' : 'assumed'
    const seen = { target, host, origin, authorization, rest: end - request.headEnd }
    return `UPGRADE ${subprotocol} ${offered} ${JSON.stringify(seen)}`
  })
}

/** Answers to the request of RFC 6455, section 1.3, with these subprotocols offered. */
export function upgradeResponseEvents(
  chunks: readonly Uint8Array[],
  offered: readonly string[],
): string[] {
  const response = new UpgradeResponse()
  return headEvents(chunks, (bytes, start, end) => {
    const event = response.read(bytes, start, end, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', offered)
    if (event === UPGRADE_EVENT.NEED_MORE) return undefined
    if (event === UPGRADE_EVENT.FAULT) return `FAULT ${response.fault} ${response.status}`
    return `UPGRADE ${JSON.stringify(response.subprotocol)}`
  })
}

function headEvents(
  chunks: readonly Uint8Array[],
  read: (bytes: Uint8Array, start: number, end: number) => string | undefined,
): string[] {
  const region = new KeptRegion()
  const events: string[] = []
  for (const chunk of chunks) {
    region.present(chunk, (bytes, start, end) => {
      const event = read(bytes, start, end)
      if (event === undefined) return start
      events.push(event)
      return end
    })
    if (events.length > 0) return events
  }
  return [`KEPT ${region.keptBytes}`]
}

function hasFault(events: readonly string[]): boolean {
  return events.some((event) => event.startsWith('FAULT'))
}
