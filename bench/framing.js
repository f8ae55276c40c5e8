/**
 * Counts the bytes that a message and a heartbeat take on the wire, of push protocol 1 on its three
 * carriers, of MQTT 3.1.1 and of plain JSON over WebSocket, and writes them to docs/framing.md.
 * Nothing is measured: every figure is the length of what the real encoder wrote, so a run takes
 * less than a second and gives the same table everywhere.
 *
 *   node bench/framing.js [--dry]     --dry prints the table and leaves the page alone
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import mqtt from 'mqtt-packet'
import { rewriteSection } from './document.js'

const ROOT = new URL('..', import.meta.url).pathname
const PAGE = join(ROOT, 'docs', 'framing.md')
const SECTION = { name: 'framing', heading: '## Bytes on the wire' }

const PAYLOAD = 'm'.repeat(256)
/** A device with some history: two bytes as a varint. */
const SEQ = 1_000
const DEVICE_ID = 'device-00000001'
const TOPICS = { short: 't', usual: `push/${DEVICE_ID}` }
const MASK_KEY = 0x5eed_cafe
const MSG_WANTS_ACK = 1
const INBOX = 0
const HEARTBEAT_S = 300
const DEVICES = 1_000_000

/** The encoders of src/protocol, as they are. */
async function loadProtocol() {
  const { outputFiles } = await build({
    stdin: {
      contents: ['frame-writer', 'frame-reader', 'json-frames', 'tcp-framing', 'websocket-writer']
        .map((name) => `export * from './src/protocol/${name}.ts'`)
        .join('\n'),
      resolveDir: ROOT,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  return import(`data:text/javascript;base64,${code}`)
}

/** Type byte and body of each frame that is compared. */
function framesOf(protocol) {
  const payload = Buffer.from(PAYLOAD)
  const written = (write) => {
    const out = new Uint8Array(1_024)
    return out.slice(0, write(out))
  }
  const msg = (flags, seq) =>
    written((out) => protocol.writeMsg(out, 0, flags, seq, -1, payload, 0, payload.length))
  return {
    direct: msg(0, 0),
    stored: msg(MSG_WANTS_ACK, SEQ),
    ack: written((out) => protocol.writeAck(out, 0, INBOX, SEQ)),
    ping: written((out) => protocol.writePing(out, 0)),
    pong: written((out) => protocol.writePong(out, 0)),
  }
}

/** Names are those of framesOf(); what a device sends is masked on a WebSocket. */
const FROM_DEVICE = new Set(['ack', 'ping'])

function bytesOf(messages, lengthOf) {
  return Object.fromEntries(
    Object.entries(messages).map(([name, message]) => [
      name,
      lengthOf(message, FROM_DEVICE.has(name)),
    ]),
  )
}

function encodings(protocol) {
  const frames = framesOf(protocol)
  const text = Object.fromEntries(
    Object.entries(frames).map(([name, frame]) => {
      const from = FROM_DEVICE.has(name) ? 'device' : 'node'
      const reader = new protocol.FrameReader({ from })
      if (!reader.read(frame, 0, frame.length)) throw new Error(`${name}: ${reader.fault}`)
      return [name, Buffer.from(protocol.jsonFromFrame(reader, frame))]
    }),
  )
  const onTcp = (frame) => {
    const out = new Uint8Array(8 + frame.length)
    return out.length - protocol.writeLengthBefore(out, 8, out.length)
  }
  const onWebSocket = ({ length }, isMasked) =>
    length + protocol.headerBytes(length, isMasked ? MASK_KEY : protocol.NO_MASK)
  const bare = ({ length }) => length
  return [
    ['push, TCP', bytesOf(frames, onTcp)],
    ['push, WebSocket (`push.v1`)', bytesOf(frames, onWebSocket)],
    ['push, WebSocket (`push.v1.json`)', bytesOf(text, onWebSocket)],
    ['MQTT 3.1.1, TCP, topic of 1 byte', bytesOf(mqttPackets(TOPICS.short), bare)],
    [`MQTT 3.1.1, TCP, topic \`${TOPICS.usual}\``, bytesOf(mqttPackets(TOPICS.usual), bare)],
    ['MQTT 3.1.1, WebSocket, the same topic', bytesOf(mqttPackets(TOPICS.usual), onWebSocket)],
    ['plain JSON, WebSocket', bytesOf(plainJson(), onWebSocket)],
  ]
}

function mqttPackets(topic) {
  const publish = (qos) =>
    mqtt.generate({ cmd: 'publish', topic, payload: PAYLOAD, qos, messageId: SEQ })
  return {
    direct: publish(0),
    stored: publish(1),
    ack: mqtt.generate({ cmd: 'puback', messageId: SEQ }),
    ping: mqtt.generate({ cmd: 'pingreq' }),
    pong: mqtt.generate({ cmd: 'pingresp' }),
  }
}

/** What an application writes without thinking of bytes. */
function plainJson() {
  const json = (value) => Buffer.from(JSON.stringify(value))
  const topic = TOPICS.usual
  return {
    direct: json({ type: 'message', topic, payload: PAYLOAD }),
    stored: json({ type: 'message', id: SEQ, topic, payload: PAYLOAD }),
    ack: json({ type: 'ack', id: SEQ }),
    ping: json({ type: 'ping' }),
    pong: json({ type: 'pong' }),
  }
}

function render(rows) {
  const cells = rows.map(([name, { direct, stored, ack, ping, pong }]) => {
    const overhead = stored + ack - PAYLOAD.length
    const perSecond = Math.round(((ping + pong) * DEVICES) / HEARTBEAT_S / 1_000)
    const heartbeat = `${ping} + ${pong}`
    return [
      name,
      direct,
      `${stored} + ${ack}`,
      overhead,
      heartbeat,
      ping + pong,
      `${perSecond} kB/s`,
    ]
  })
  const titles = [
    'encoding',
    '256 B, QoS 0',
    '256 B, QoS 1 + ack',
    'of that not payload',
    'heartbeat, up + down',
    'together',
    'a million devices, every 300 s',
  ]
  const line = (values) => `| ${values.join(' | ')} |`
  return ['```', 'node bench/framing.js', '```', '', line(titles), line(titles.map(() => '---'))]
    .concat(cells.map(line))
    .join('\n')
}

const { values } = parseArgs({ options: { dry: { type: 'boolean', default: false } } })
const table = render(encodings(await loadProtocol()))
if (values.dry) process.stdout.write(`${table}\n`)
else rewriteSection(PAGE, SECTION, table)
