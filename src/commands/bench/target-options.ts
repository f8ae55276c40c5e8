/** The settings of `pushctl bench` for targets of other protocols, one row each. */
import { defineOptions } from '../../config/option-table.ts'
import {
  DEFAULT_WIRE,
  MQTT_VERSIONS,
  TARGET_PROTOCOLS,
} from '../../loadgen/target/wire-settings.ts'

export const TARGET_OPTIONS = defineOptions({
  targetProtocol: {
    flag: 'target-protocol',
    kind: 'enum',
    values: TARGET_PROTOCOLS,
    help: 'what the targets speak; ws: any WebSocket server. Default: by the scheme',
  },
  headers: {
    flag: 'header',
    short: 'H',
    kind: 'string',
    placeholder: "'Name: value'",
    repeatable: true,
    secret: true,
    example: "'Authorization: Bearer {device}'",
    help: 'header of each request to the target (ws, sse, poll); may have {device} in it',
  },
  subprotocols: {
    flag: 'subprotocol',
    kind: 'string',
    repeatable: true,
    separator: ',',
    help: 'WebSocket subprotocols that are offered (ws)',
  },
  firstMessage: {
    flag: 'first-message',
    kind: 'string',
    placeholder: 'TEXT',
    help: 'what a device sends after the upgrade, to subscribe for example (ws)',
  },
  welcomeText: {
    flag: 'welcome-text',
    kind: 'string',
    placeholder: 'TEXT',
    help: 'a device is up when a message with this text has come (ws, poll). Default: at once',
  },
  answer: {
    flag: 'answer',
    kind: 'string',
    placeholder: 'TEXT=TEXT',
    example: '2=3',
    help: 'a message of the server that is answered at once, and with what (ws)',
  },
  messageTemplate: {
    flag: 'template',
    kind: 'string',
    placeholder: 'TEXT',
    example: '\'{"to":"{device}","text":"{payload}"}\'',
    help:
      'messages are this text, with {payload} in it (ws, pushes over HTTP). ' +
      'Default: the bare payload',
  },
  caFile: {
    flag: 'ca-file',
    kind: 'file',
    help: 'PEM of whom to trust for the certificates of targets (tls, wss, mqtts, sse+https)',
  },
  insecureTarget: {
    flag: 'insecure-target',
    kind: 'boolean',
    default: false,
    help: 'trust any certificate of a target: for tests only',
  },
  event: {
    flag: 'event',
    kind: 'string',
    placeholder: 'NAME',
    default: DEFAULT_WIRE.event,
    help: 'event that carries messages (socketio); --template is its argument, as JSON',
  },
  namespace: {
    flag: 'namespace',
    kind: 'string',
    default: DEFAULT_WIRE.namespace,
    help: 'namespace that devices connect to (socketio); --first-message is the auth object',
  },
  mqttVersion: {
    flag: 'mqtt-version',
    kind: 'enum',
    values: MQTT_VERSIONS,
    default: DEFAULT_WIRE.mqttVersion,
    help: 'protocol version (mqtt)',
  },
  qos: {
    flag: 'qos',
    kind: 'enum',
    values: ['0', '1'],
    default: '0',
    help: '1: pushes are stored and acknowledged (push nodes), or subscribed to so (mqtt)',
  },
  deviceTopic: {
    flag: 'topic',
    kind: 'string',
    default: DEFAULT_WIRE.deviceTopic,
    help: 'topic of one device (mqtt)',
  },
  broadcastTopic: {
    flag: 'broadcast-topic',
    kind: 'string',
    default: DEFAULT_WIRE.broadcastTopic,
    help: 'topic of all devices (mqtt)',
  },
})
