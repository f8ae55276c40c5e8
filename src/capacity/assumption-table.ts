/**
 * Every number of a plan that is neither asked for nor arithmetic, with where it is from. A
 * measured report replaces what it measured, `--assume name=value` anything; the plan lists all of
 * them with their source, so that a reader can disagree with one of them and not with the result.
 */
import { NODE_MAIN_BYTES, NODE_MEMORY } from '../stats/capacity/process-memory.ts'
import { socketMemoryFrom } from '../stats/capacity/socket-memory.ts'

export type AssumptionUnit = 'bytes' | 'us' | 'share' | 'per-second' | 'count' | 'bytes-large'

export interface AssumptionRow {
  readonly value: number
  readonly unit: AssumptionUnit
  readonly meaning: string
  readonly source: string
}

const PEERS = 'docs/measurements.md#pushctl-against-its-peers'
const SHARD_MEMORY = 'docs/measurements.md#memory-of-a-process-shard'
const RULE = 'rule of thumb: docs/planning.md#assumptions'
const HEADERS = 'IEEE 802.3, RFC 791, RFC 9293, RFC 7323'

export const ASSUMPTIONS = {
  'kernel-bytes': {
    value: socketMemoryFrom('', '').acceptedBytes,
    unit: 'bytes',
    meaning: 'kernel memory of an idle connection',
    source: SHARD_MEMORY,
  },
  'process-bytes': {
    value: NODE_MEMORY.bytesPerConnection,
    unit: 'bytes',
    meaning: 'memory of the node’s processes for a connection',
    source: SHARD_MEMORY,
  },
  'queued-bytes': {
    value: 1_300,
    unit: 'bytes',
    meaning: 'headers and buffer of a message under way, beside its payload',
    source: 'pushctl doctor --explain memory/tcp-mem',
  },
  'main-bytes': {
    value: NODE_MAIN_BYTES,
    unit: 'bytes-large',
    meaning: 'the node’s main process',
    source: SHARD_MEMORY,
  },
  'thread-bytes': {
    value: NODE_MEMORY.bytesPerThread,
    unit: 'bytes-large',
    meaning: 'one shard of the node, one per core',
    source: SHARD_MEMORY,
  },
  'delivery-us': {
    value: 3.8,
    unit: 'us',
    meaning: 'CPU of one delivery',
    source: PEERS,
  },
  'heartbeat-us': { value: 3.6, unit: 'us', meaning: 'CPU of one heartbeat', source: PEERS },
  'ack-us': { value: 3.6, unit: 'us', meaning: 'CPU of one ack (qos 1)', source: PEERS },
  'connect-us': {
    value: 30,
    unit: 'us',
    meaning: 'CPU of one connection with upgrade, HELLO and its end',
    source: PEERS,
  },
  'softirq-us': {
    value: 2,
    unit: 'us',
    meaning: 'CPU of one packet in softirq: half a million a second and core',
    source: RULE,
  },
  'round-trip-seconds': {
    value: 0.4,
    unit: 'count',
    meaning: 'how long a message is under way to a mobile device, delayed ack included',
    source: RULE,
  },
  'churn-share': {
    value: 0.001,
    unit: 'share',
    meaning: 'connections that come anew per second: a large service sees one in a thousand',
    source: 'docs/planning.md#examples',
  },
  'cpu-share': {
    value: 0.5,
    unit: 'share',
    meaning: 'CPU used at the peak, at most',
    source: RULE,
  },
  'storm-cpu-share': {
    value: 0.8,
    unit: 'share',
    meaning: 'CPU used while lost connections come back, at most',
    source: RULE,
  },
  'memory-share': { value: 0.75, unit: 'share', meaning: 'memory used, at most', source: RULE },
  'nic-share': { value: 0.6, unit: 'share', meaning: 'bandwidth used, at most', source: RULE },
  'nic-packets': {
    value: 1_000_000,
    unit: 'per-second',
    meaning: 'packets that a network card and its queues take in one direction',
    source: RULE,
  },
  'frame-bytes': {
    value: 16,
    unit: 'bytes',
    meaning: 'push frame and WebSocket header around a payload',
    source: 'docs/protocol.md',
  },
  'packet-bytes': {
    value: 90,
    unit: 'bytes',
    meaning: 'around a segment on the wire: Ethernet 38, IP 20, TCP 32',
    source: HEADERS,
  },
  'segment-bytes': {
    value: 1_448,
    unit: 'bytes',
    meaning: 'payload of a segment',
    source: HEADERS,
  },
  'redis-device-bytes': {
    value: 300,
    unit: 'bytes',
    meaning: 'registry entry of an online device',
    source: RULE,
  },
  'redis-message-bytes': {
    value: 200,
    unit: 'bytes',
    meaning: 'a stored push beside its payload',
    source: RULE,
  },
  'redis-ops-per-push': {
    value: 3,
    unit: 'count',
    meaning: 'commands of a unicast: route, store, ack',
    source: RULE,
  },
  'redis-ops-per-connect': {
    value: 3,
    unit: 'count',
    meaning: 'commands of a session: claim, read inbox, release',
    source: RULE,
  },
  'redis-shard-ops': {
    value: 80_000,
    unit: 'per-second',
    meaning: 'commands that one Redis process takes',
    source: RULE,
  },
  'redis-shard-bytes': {
    value: 16 * 1024 ** 3,
    unit: 'bytes-large',
    meaning: 'memory given to one Redis process',
    source: RULE,
  },
} as const satisfies Readonly<Record<string, AssumptionRow>>

export type AssumptionName = keyof typeof ASSUMPTIONS
export const ASSUMPTION_NAMES = Object.keys(ASSUMPTIONS) as AssumptionName[]

export interface Assumption extends AssumptionRow {
  readonly name: AssumptionName
}

/** A value and where it is from, in place of a row's own. */
export interface AssumptionOverride {
  readonly name: AssumptionName
  readonly value: number
  readonly source: string
}

/** All rows in order; later overrides win. */
export function assumptionsWith(overrides: readonly AssumptionOverride[]): readonly Assumption[] {
  return ASSUMPTION_NAMES.map((name) => {
    const override = overrides.findLast((row) => row.name === name)
    return { ...ASSUMPTIONS[name], name, ...override }
  })
}

export type AssumptionValues = Readonly<Record<AssumptionName, number>>

export function valuesOf(assumptions: readonly Assumption[]): AssumptionValues {
  const values = assumptions.map(({ name, value }) => [name, value])
  return Object.fromEntries(values) as AssumptionValues
}
