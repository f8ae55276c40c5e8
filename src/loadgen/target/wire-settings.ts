/**
 * What can be said of a target that does not speak the push protocol: plain values, so that they
 * travel to shards as they are. One type for all protocols; each driver reads what concerns it.
 */
export const TARGET_PROTOCOLS = ['push', 'ws', 'socketio', 'mqtt', 'sse', 'poll'] as const
export type TargetProtocol = (typeof TARGET_PROTOCOLS)[number]

export const MQTT_VERSIONS = ['3.1.1', '5'] as const
export type MqttVersion = (typeof MQTT_VERSIONS)[number]

export interface WireSettings {
  /** Further headers of each request: ws, sse, poll and pushes over HTTP. */
  readonly headers: Readonly<Record<string, string>>
  /** WebSocket subprotocols, in order of preference. */
  readonly subprotocols: readonly string[]
  /** Text that is sent once after the upgrade, a template. null: nothing. */
  readonly firstMessage: string | null
  /** A connection is up when a message with this text came (ws, poll); null: at once. */
  readonly welcomeText: string | null
  /** A message of the server that is answered at once, such as a ping of its own in text. */
  readonly answer: { readonly to: string; readonly text: string } | null
  /** Template of the messages of mode echo, and of pushes; null: the bare payload, binary. */
  readonly messageTemplate: string | null
  /** Of Socket.IO: the event that carries messages, and where it is sent. */
  readonly event: string
  readonly namespace: string
  readonly mqttVersion: MqttVersion
  readonly qos: 0 | 1
  /** MQTT topic of one device, a template. */
  readonly deviceTopic: string
  /** MQTT topic that all devices subscribe to, a template. */
  readonly broadcastTopic: string
  /** From the target's URL. */
  readonly credentials: { readonly username: string; readonly password: string } | null
}

export const DEFAULT_WIRE: WireSettings = {
  headers: {},
  subprotocols: [],
  firstMessage: null,
  welcomeText: null,
  answer: null,
  messageTemplate: null,
  event: 'message',
  namespace: '/',
  mqttVersion: '3.1.1',
  qos: 0,
  deviceTopic: 'bench/{device}',
  broadcastTopic: 'bench/{run}/all',
  credentials: null,
}
