/**
 * The JSON shapes of the API, as OpenAPI 3.1 names them. Tests hold answers of the running API
 * against these.
 */
import type { Schema } from './operation.ts'
import { PROBLEM_KINDS } from './problem.ts'
import { TTL_SECONDS_MAX } from './push-request.ts'

const COUNT: Schema = { type: 'integer', minimum: 0 }
const TEXT: Schema = { type: 'string' }
const COUNTS_BY_NAME: Schema = { type: 'object', additionalProperties: COUNT }

/** An object that always has all its properties. */
function whole(properties: Record<string, Schema>): Schema {
  return { type: 'object', required: Object.keys(properties), properties }
}

function listOf(items: Schema): Schema {
  return { type: 'array', items }
}

const PROBLEM = whole({
  type: TEXT,
  title: TEXT,
  status: COUNT,
  detail: TEXT,
  code: { enum: Object.keys(PROBLEM_KINDS) },
})

const DISTRIBUTION = whole({
  count: COUNT,
  min: { type: 'number' },
  mean: { type: 'number' },
  p50: { type: 'number' },
  p75: { type: 'number' },
  p90: { type: 'number' },
  p95: { type: 'number' },
  p99: { type: 'number' },
  p99_9: { type: 'number' },
  p99_99: { type: 'number' },
  max: { type: 'number' },
  hdr: { type: 'string', description: 'HdrHistogram V2, compressed, base64; microseconds' },
})

const COUNTERS = whole({
  connectionsAccepted: COUNT,
  connectionsOpen: COUNT,
  devicesOnline: COUNT,
  hellosAccepted: COUNT,
  hellosRefused: COUNTS_BY_NAME,
  closes: COUNTS_BY_NAME,
  framesReceived: COUNT,
  messagesSent: COUNT,
  pushesAccepted: COUNT,
  bytesReceived: COUNT,
  bytesSent: COUNT,
  heartbeats: COUNT,
  bufferedBytes: COUNT,
  acceptsDeferred: COUNT,
  refusals: COUNTS_BY_NAME,
})

const LOAD = whole({
  level: { type: 'integer', minimum: 0, maximum: 3, description: '0: all is served' },
  reason: TEXT,
  shards: listOf(whole({ index: COUNT, level: COUNT })),
  memoryBytesMax: { ...COUNT, description: '0: no limit, as for the next two' },
  loopLagMsMax: { type: 'number' },
  connectsPerSecondMax: { type: 'number' },
})

const SHARD = whole({
  index: COUNT,
  kind: { enum: ['thread', 'process'] },
  pid: COUNT,
  engine: { enum: ['epoll', 'node'] },
  state: { enum: ['up', 'silent', 'down'] },
  restarts: COUNT,
  connectionsOpen: COUNT,
  devicesOnline: COUNT,
  rssBytes: COUNT,
  cpuUs: COUNT,
})

/** at_ms counts from the answer and is negative: how long ago a pause began. */
const PAUSES = listOf(whole({ at_ms: { type: 'integer' }, us: COUNT }))

const BUCKETS = whole({ counts: listOf(COUNT), count: COUNT, sumSeconds: { type: 'number' } })

const HEALTH = whole({
  connections: whole({ states: COUNTS_BY_NAME, carriers: COUNTS_BY_NAME }),
  readySeconds: { type: 'number' },
  upSeconds: { type: 'number' },
  shardsLost: COUNT,
  shardAnswers: BUCKETS,
  shardQuestionsPending: COUNT,
  shardQuestionsUnanswered: COUNT,
  clockOffsetSeconds: { type: 'number' },
})

const UPSTREAM = whole({
  sends: whole({ accepted: COUNT, refused: COUNT, overloaded: COUNT }),
  consumers: COUNT,
  consumersCut: COUNT,
  webhooks: listOf(
    whole({
      name: TEXT,
      delivered: COUNT,
      dead: COUNT,
      dropped: COUNT,
      queuedEvents: COUNT,
      queuedBytes: COUNT,
      attempts: COUNTS_BY_NAME,
    }),
  ),
})

const STORE = whole({
  isDurable: { type: 'boolean' },
  messagesStored: COUNT,
  messagesAcked: COUNT,
  messagesExpired: COUNT,
  messagesTrimmed: COUNT,
  messagesFailed: COUNT,
  messagesRedelivered: COUNT,
  messagesPending: COUNT,
  devicesKnown: COUNT,
  writes: COUNT,
  writesFailed: COUNT,
  isFailing: { type: 'boolean' },
  lastWriteMs: { type: 'number' },
  stalledMs: { type: 'number' },
  unwrittenBytes: COUNT,
  writeTimes: BUCKETS,
})

const API = whole({
  inFlight: COUNT,
  streams: COUNT,
  routes: listOf(
    whole({
      method: TEXT,
      route: TEXT,
      statuses: COUNTS_BY_NAME,
      latency: { oneOf: [BUCKETS, { type: 'null' }] },
    }),
  ),
})

const NAME: Schema = { type: 'string', minLength: 1, maxLength: 128 }

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Push: {
    type: 'object',
    additionalProperties: false,
    required: ['to'],
    properties: {
      to: {
        oneOf: [
          { type: 'array', items: NAME, minItems: 1, maxItems: 10_000 },
          whole({ tag: NAME }),
          { const: 'all' },
        ],
      },
      payload: { type: 'string', description: 'Sent as UTF-8; exactly one of payload, payload64' },
      payload64: { type: 'string', contentEncoding: 'base64' },
      mode: { enum: ['direct', 'notify', 'lazy'], default: 'direct' },
      qos: { enum: [0, 1], default: 0, description: '1: stored until acked or expired' },
      ttlSeconds: { type: 'integer', minimum: 1, maximum: TTL_SECONDS_MAX },
      id: { ...NAME, description: 'Idempotency key: the same id is the same push' },
    },
  },
  PushOutcome: whole({
    accepted: { ...COUNT, description: 'Devices addressed, as far as this node knows' },
    stored: { ...COUNT, description: 'Devices for which it is stored; 0 for QoS 0' },
    online: { ...COUNT, description: 'Connected devices to which it was handed' },
    pushId: TEXT,
  }),
  PushReceipt: {
    type: 'object',
    required: ['pushId', 'accepted', 'stored', 'online', 'sent', 'acked', 'expired', 'trimmed'],
    properties: {
      pushId: TEXT,
      accepted: COUNT,
      stored: COUNT,
      online: { ...COUNT, description: 'Connected when it was accepted' },
      sent: { ...COUNT, description: 'Handed to connections, each message once' },
      acked: COUNT,
      expired: COUNT,
      trimmed: { ...COUNT, description: 'Given up for newer pushes of the same device' },
      state: { enum: ['running', 'paused', 'cancelled', 'expired'], description: 'Of a broadcast' },
    },
  },
  BatchError: whole({
    error: { allOf: [PROBLEM, whole({ line: { type: 'integer', minimum: 1 } })] },
  }),
  DeviceState: whole({
    deviceId: TEXT,
    online: { type: 'boolean' },
    sessionId: TEXT,
    shard: COUNT,
    carrier: { enum: ['tcp', 'push.v1', 'push.v1.json', 'sse', 'poll'] },
    address: TEXT,
    network: TEXT,
    heartbeatSeconds: COUNT,
    connectedAtMs: { type: 'number' },
    idleSeconds: { type: 'number' },
    queuedBytes: COUNT,
    tags: listOf(TEXT),
  }),
  NodeDescription: whole({
    name: TEXT,
    version: TEXT,
    startedAtMs: { type: 'number' },
    state: { enum: ['starting', 'ready', 'draining'] },
    connectionsMax: COUNT,
    listeners: whole({ tcp: listOf(TEXT), ws: listOf(TEXT), http: TEXT }),
    counters: COUNTERS,
    upstream: UPSTREAM,
    load: LOAD,
    store: STORE,
    shards: listOf(SHARD),
    gc: whole({
      known: { type: 'boolean' },
      kinds: listOf(whole({ kind: TEXT, pauses: DISTRIBUTION, longest: PAUSES })),
      loop_lag: { oneOf: [DISTRIBUTION, { type: 'null' }] },
    }),
    memory: whole({ rssBytes: COUNT, heapUsedBytes: COUNT, externalBytes: COUNT }),
    health: HEALTH,
    ready: { type: 'boolean' },
    notReadyBecause: TEXT,
    api: API,
    errors: COUNTS_BY_NAME,
  }),
  DispatchSet: whole({
    device: TEXT,
    addresses: whole({
      tcp: { ...listOf(TEXT), description: 'host:port, best first' },
      ws: { ...listOf(TEXT), description: 'ws:// or wss://, best first' },
    }),
    nodes: listOf(
      whole({
        name: TEXT,
        site: TEXT,
        load: { type: 'number', description: '1 is full' },
        addresses: whole({ tcp: listOf(TEXT), ws: listOf(TEXT) }),
        probe: { type: 'string', description: 'GET /v1/probe of the node' },
      }),
    ),
    keepSeconds: { ...COUNT, description: 'As long as the set works, it is good for' },
  }),
  ProbeAnswer: whole({ load: { type: 'number' }, delayMs: { type: 'number' } }),
  UpstreamEvent: {
    type: 'object',
    required: ['type'],
    properties: {
      type: { enum: ['send', 'online', 'offline', 'end'] },
      device: TEXT,
      session: { type: 'string', description: '16 hexadecimal digits, as in the WELCOME' },
      receivedMs: { type: 'number', description: 'Unix time' },
      product: TEXT,
      route: TEXT,
      payload: { type: 'string', description: 'Or payload64, where it is not UTF-8' },
      payload64: { type: 'string', contentEncoding: 'base64' },
      carrier: TEXT,
      reason: { type: 'string', description: 'Of offline: BYE reason, peer-end, peer-reset …' },
      code: { description: 'Of offline: the BYE code, or 0; of end: too-slow, shutting-down' },
      detail: TEXT,
    },
  },
  PollAnswer: whole({
    session: { type: 'string', description: 'To be given back; "" where it is over' },
    after: { type: 'string', description: 'To be given back, once the frames are kept' },
    frames: listOf({ type: 'object', description: 'A frame as JSON, docs/protocol.md' }),
  }),
  Problem: PROBLEM,
}
