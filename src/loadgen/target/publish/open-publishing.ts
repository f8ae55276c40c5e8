/** How the pushes of a run get out, by its target: the one place to add a way of publishing to. */
import { BatchStream, type BatchStreamEvents } from '../../batch-stream.ts'
import { type DeviceNames, deviceIdOf } from '../../device-names.ts'
import { FailoverStream } from '../../failover-stream.ts'
import { PayloadText } from '../../population/payload-text.ts'
import { PublishLines } from '../../publish-lines.ts'
import type { PublisherSetup, PushKind } from '../../shard-messages.ts'
import { tlsOptionsOf } from '../target-tls.ts'
import { eventPacket, SocketIoGreeting, socketIoPath } from '../websocket/socket-io.ts'
import { DEFAULT_WIRE } from '../wire-settings.ts'
import { HttpConversation, postText } from './http-publishing.ts'
import { MqttConversation, MqttPublishFormat } from './mqtt-publishing.ts'
import type { PublishFormat, PublishStream } from './publish-wire.ts'
import { SocketPublishStream } from './socket-publish-stream.ts'
import { addressed, TemplateFormat } from './template-format.ts'
import { FramedFormat, PUBLISHER, WebSocketConversation } from './websocket-publishing.ts'

/** A push that is nothing but its payload. */
const BARE = '{payload}'

/** Whom a push is addressed to. */
export type Addressee = 'device' | 'room' | 'all'

/** Keeps what is random in payloads apart from arrivals, which have the same seed. */
const TEXT_SALT = 0x74657874

/** Pushes of one size. Rooms are known to push nodes only. */
export function publishFormat(
  setup: PublisherSetup,
  addressee: Addressee,
  messageBytes: number,
): PublishFormat {
  const { way, devices, runId, qos, roomNames = null } = setup
  const toAll = addressee === 'all'
  const names = toAll ? null : addressee === 'room' ? roomNames : devices
  const text = payloadTextOf(setup, names)
  if (way === null) {
    const isToRooms = addressee === 'room'
    const hasKeys = isFailingOver(setup) && qos === 1
    return new PublishLines(names, messageBytes, runId, { qos, isToRooms, text, hasKeys })
  }
  const templateNames = { runId, devices }
  const { target, url } = way
  const wire = target.wire ?? DEFAULT_WIRE
  if (url !== null) {
    const post = { url, headers: wire.headers, body: wire.messageTemplate ?? BARE }
    const request = postText(post, templateNames, messageBytes, toAll)
    return new TemplateFormat(request, templateNames, messageBytes, toAll, text)
  }
  if (target.carrier === 'mqtt') {
    return new MqttPublishFormat(templateNames, wire, messageBytes, toAll, text)
  }
  const isSocketIo = target.carrier === 'socket-io'
  const message = addressed(isSocketIo ? eventPacket(wire) : (wire.messageTemplate ?? BARE), toAll)
  return new FramedFormat(new TemplateFormat(message, templateNames, messageBytes, toAll, text))
}

/** @param publisher number of the connection, where several publish */
export function openStream(
  setup: PublisherSetup,
  kind: PushKind,
  publisher: number,
  events: BatchStreamEvents,
): PublishStream {
  const { way, devices } = setup
  if (way === null) {
    const { url, otherUrls = [], adminToken, qos } = setup
    if (!isFailingOver(setup)) return new BatchStream(url, adminToken, events)
    const options = { urls: [url, ...otherUrls], adminToken, isRepeatable: qos === 1 }
    return new FailoverStream(options, events)
  }
  if (way.url !== null) {
    const { hostname, port, protocol } = new URL(way.url)
    const host = hostname.replace(/^\[|\]$/g, '')
    const isSecure = protocol === 'https:'
    const trust = way.target.tls ?? { ca: null, isVerified: true }
    const tls = isSecure ? tlsOptionsOf({ host, tls: trust }) : undefined
    const endpoint = { host, port: Number(port || (isSecure ? 443 : 80)), shown: way.url, tls }
    return new SocketPublishStream(endpoint, new HttpConversation(way.url, events), events)
  }
  const { target } = way
  const tls = tlsOptionsOf(target)
  const endpoint = { host: target.address, port: target.port, shown: target.url, tls }
  if (target.carrier === 'mqtt') {
    // Publishers of a run are clients of their own: a broker keeps one connection for each id.
    const number = publisher === 0 ? '' : `-${publisher}`
    const clientId = `${deviceIdOf(devices, 0)}-${kind}${number}`
    const wire = target.wire ?? DEFAULT_WIRE
    const conversation = new MqttConversation(clientId, wire, target.url, events)
    return new SocketPublishStream(endpoint, conversation, events)
  }
  if (target.carrier === 'socket-io') {
    const greeting = new SocketIoGreeting(target.wire ?? DEFAULT_WIRE, PUBLISHER)
    const at = { ...target, path: socketIoPath(target.path) }
    return new SocketPublishStream(endpoint, new WebSocketConversation(at, greeting), events)
  }
  return new SocketPublishStream(endpoint, new WebSocketConversation(target), events)
}

function isFailingOver({ way, otherUrls = [] }: PublisherSetup): boolean {
  return way === null && otherUrls.length > 0
}

function payloadTextOf(
  { population, seed }: PublisherSetup,
  names: DeviceNames | null,
): PayloadText | null {
  const text = population?.payloadText
  return text === undefined ? null : new PayloadText(text, names, (seed ^ TEXT_SALT) >>> 0)
}
