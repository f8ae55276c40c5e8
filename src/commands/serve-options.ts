/** The settings of `pushctl serve`, one row each. */
import { defineOptions } from '../config/option-table.ts'
import { DISPATCH_OPTIONS } from './serve-dispatch-options.ts'
import { CLUSTER_OPTIONS } from './serve-cluster-options.ts'
import { GUARD_OPTIONS } from './serve-guard-options.ts'
import { WEBHOOK_OPTIONS } from './serve-webhook-options.ts'

export const SERVE_OPTIONS = defineOptions({
  tcp: {
    flag: 'tcp',
    kind: 'string',
    placeholder: 'host:port',
    repeatable: true,
    help:
      'listen for devices over TCP; tls://host:port with --cert and --key; default ' +
      '127.0.0.1:7000',
  },
  ws: {
    flag: 'ws',
    kind: 'string',
    placeholder: 'host:port',
    repeatable: true,
    help:
      'listen for devices over WebSocket; wss://host:port with --cert and --key; default ' +
      '127.0.0.1:7001',
  },
  http: {
    flag: 'http',
    kind: 'address',
    default: { host: '127.0.0.1', port: 7002 },
    help: 'HTTP API, health, metrics and the node page',
  },
  cert: { flag: 'cert', kind: 'file', help: 'certificate (PEM) of the TLS listeners' },
  key: { flag: 'key', kind: 'file', help: 'private key (PEM) of the TLS listeners' },
  nodeName: {
    flag: 'node-name',
    kind: 'string',
    default: 'node-1',
    help: 'how this node is called in answers, metrics and logs',
  },
  authSecretFile: {
    flag: 'auth-secret-file',
    kind: 'file',
    help:
      'secret (HS256) or public key (EdDSA) that device tokens are checked with, or a folder ' +
      'with a key for each kid; without it every device may come in',
  },
  payloadKeyFile: {
    flag: 'payload-key-file',
    kind: 'file',
    help:
      'master keys, "NUMBER HEX" a line: payloads of devices that ask for it are sealed with ' +
      'AES-256-GCM, each device with a key of its own',
  },
  adminTokenFile: {
    flag: 'admin-token-file',
    kind: 'file',
    help: 'tokens that the HTTP API asks for, one a line; also one from PUSHCTL_ADMIN_TOKEN',
  },
  metricsAuth: {
    flag: 'metrics-auth',
    kind: 'boolean',
    default: false,
    help: 'ask for the admin token at /metrics too',
  },
  insecure: {
    flag: 'insecure',
    kind: 'boolean',
    default: false,
    help: 'listen beyond loopback without authentication: whoever reaches the port may come in',
  },
  dataDir: {
    flag: 'data-dir',
    kind: 'file',
    placeholder: 'DIR',
    help: 'keep stored pushes (qos 1) in this folder; without it they end with the process',
  },
  broadcastsMax: {
    flag: 'broadcasts-max',
    kind: 'count',
    default: 100_000,
    min: 1,
    max: 16_000_000,
    help: 'stored broadcasts (qos 1, to all or to a tag) that are kept; the oldest go',
  },
  broadcastBytesMax: {
    flag: 'broadcast-bytes-max',
    kind: 'size',
    default: 64 * 1024 * 1024,
    min: 64 * 1024,
    help: 'payloads of stored broadcasts that are kept; the oldest go',
  },
  connectionsMax: {
    flag: 'max-connections',
    kind: 'count',
    min: 1,
    max: 4_000_000,
    help:
      'devices at one time; one more is sent away (4103). Default: what the descriptor ' +
      'limit allows',
  },
  ...GUARD_OPTIONS,
  ...WEBHOOK_OPTIONS,
  ...CLUSTER_OPTIONS,
  ...DISPATCH_OPTIONS,
  shards: {
    flag: 'shards',
    kind: 'count',
    min: 1,
    max: 256,
    help: 'parts that move bytes, each with its own loop. Default: one per core',
  },
  shardKind: {
    flag: 'shard-kind',
    kind: 'enum',
    values: ['auto', 'thread', 'process'],
    default: 'auto',
    help:
      'threads are lean; processes each have descriptors of their own; auto takes them ' +
      'where needed',
  },
  portPerShard: {
    flag: 'port-per-shard',
    kind: 'boolean',
    default: false,
    help: 'each shard listens on ports of its own, counted up from those given',
  },
  engine: {
    flag: 'engine',
    kind: 'enum',
    values: ['auto', 'epoll', 'node'],
    default: 'auto',
    help: 'epoll: native batches, Linux; node: everywhere, and for TLS',
  },
  heartbeatMs: {
    flag: 'heartbeat',
    kind: 'duration-range',
    default: { min: 30_000, max: 480_000 },
    min: 1_000,
    max: 3_600_000,
    help:
      'bounds of what a device is granted; a silent one is cut after one and a half times ' +
      'its grant',
  },
  handshakeMs: {
    flag: 'handshake-timeout',
    kind: 'duration',
    default: 10_000,
    min: 500,
    max: 300_000,
    help: 'from the connection to a complete HELLO; then 4201',
  },
  frameBytesMax: {
    flag: 'frame-max',
    kind: 'size',
    default: 64 * 1024,
    min: 256,
    max: 64 * 1024,
    help: 'largest frame of a device; then 4005',
  },
  sendQueueBytesMax: {
    flag: 'send-queue-max',
    kind: 'size',
    default: 256 * 1024,
    min: 1_024,
    max: 512 * 1024,
    help: 'bytes that may wait for a device that does not read; then 4102',
  },
  bufferedBytesMax: {
    flag: 'buffered-max',
    kind: 'size',
    default: 256 * 1024 * 1024,
    min: 1024 * 1024,
    help: 'bytes that may wait for all devices of a shard together',
  },
  broadcastPerSecond: {
    flag: 'broadcast-rate',
    kind: 'rate',
    default: 0,
    min: 0,
    help: 'devices a broadcast reaches per second; 0: as fast as it goes',
  },
  drainPerSecond: {
    flag: 'drain-rate',
    kind: 'rate',
    default: 10_000,
    min: 0,
    help: 'devices sent away per second at shutdown; 0: all at once',
  },
  drainMs: {
    flag: 'drain-timeout',
    kind: 'duration',
    default: 30_000,
    min: 0,
    max: 3_600_000,
    help: 'shutdown takes no longer than this',
  },
  backlog: {
    flag: 'backlog',
    kind: 'count',
    default: 65_535,
    min: 1,
    max: 65_535,
    help: 'accept queue asked for; the kernel caps it at net.core.somaxconn',
  },
  logLevel: {
    flag: 'log-level',
    kind: 'enum',
    values: ['error', 'warn', 'info'],
    default: 'info',
    help: 'least severe of what is told on stderr',
  },
  logFormat: {
    flag: 'log-format',
    kind: 'enum',
    values: ['auto', 'human', 'json'],
    default: 'auto',
    help: 'form of the log on stderr; auto: human on a terminal, else JSON lines',
  },
})
