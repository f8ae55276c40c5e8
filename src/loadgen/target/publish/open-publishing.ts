/** How the pushes of a run get out, by its target: the one place to add a way of publishing to. */
import { BatchStream, type BatchStreamEvents } from '../../batch-stream.ts'
import { deviceIdOf } from '../../device-names.ts'
import { PublishLines } from '../../publish-lines.ts'
import type { PublisherSetup, PushKind } from '../../shard-messages.ts'
import type { TemplateNames } from '../message-template.ts'
import { DEFAULT_WIRE } from '../wire-settings.ts'
import { HttpConversation, postText } from './http-publishing.ts'
import { MqttConversation, MqttPublishFormat } from './mqtt-publishing.ts'
import type { PublishFormat, PublishStream, PublishWay } from './publish-wire.ts'
import { SocketPublishStream } from './socket-publish-stream.ts'
import { addressed, TemplateFormat } from './template-format.ts'
import { FramedFormat, WebSocketConversation } from './websocket-publishing.ts'

/** A push that is nothing but its payload. */
const BARE = '{payload}'

export interface Publishing {
  readonly format: PublishFormat
  readonly stream: PublishStream
}

export function openPublishing(
  setup: PublisherSetup,
  kind: PushKind,
  events: BatchStreamEvents,
): Publishing {
  const { way, devices, messageBytes, runId, qos } = setup
  const toAll = kind === 'broadcast'
  if (way === null) {
    const format = new PublishLines(toAll ? null : devices, messageBytes, runId, qos)
    return { format, stream: new BatchStream(setup.url, setup.adminToken, events) }
  }
  const names = { runId, devices }
  if (way.url !== null) return overHttp(way, way.url, names, messageBytes, toAll, events)
  const { target } = way
  const wire = target.wire ?? DEFAULT_WIRE
  const endpoint = { host: target.address, port: target.port, shown: target.url }
  if (target.carrier === 'mqtt') {
    const format = new MqttPublishFormat(names, wire, messageBytes, toAll)
    // Two publishers of a run are two clients: a broker keeps one connection for each id.
    const clientId = `${deviceIdOf(devices, 0)}-${kind}`
    const conversation = new MqttConversation(clientId, wire, target.url, events)
    const stream = new SocketPublishStream(endpoint, conversation, format.lineBytes, events)
    return { format, stream }
  }
  const text = addressed(wire.messageTemplate ?? BARE, toAll)
  const format = new FramedFormat(new TemplateFormat(text, names, messageBytes, toAll))
  const conversation = new WebSocketConversation(target)
  const stream = new SocketPublishStream(endpoint, conversation, format.lineBytes, events)
  return { format, stream }
}

function overHttp(
  { target }: PublishWay,
  url: string,
  names: TemplateNames,
  messageBytes: number,
  toAll: boolean,
  events: BatchStreamEvents,
): Publishing {
  const { headers, messageTemplate } = target.wire ?? DEFAULT_WIRE
  const post = { url, headers, body: messageTemplate ?? BARE }
  const text = postText(post, names, messageBytes, toAll)
  const format = new TemplateFormat(text, names, messageBytes, toAll)
  const { hostname, port } = new URL(url)
  const endpoint = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80), shown: url }
  const conversation = new HttpConversation(url, events)
  return {
    format,
    stream: new SocketPublishStream(endpoint, conversation, format.lineBytes, events),
  }
}
