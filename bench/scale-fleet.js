/**
 * What a fleet needs, by size, as a table: plain arithmetic over the costs that were measured and
 * the load below. Whoever wants other assumptions asks `pushctl plan`.
 */
const LOAD = {
  /** Of the devices online, each second. */
  loginsShare: 1 / 1_000,
  pushesShare: 1 / 1_000,
  heartbeatSeconds: 300,
  /** Beside those online, with so many pushes that wait for each. */
  awayShare: 0.1,
  pushesWaiting: 5,
  /** Paced, of each node. */
  broadcastPerSecond: 25_000,
}
const NODE_DEVICES_MAX = 750_000
/** Of an idle connection, at the end of the node (docs/measurements.md). */
const KERNEL_BYTES = 4_128
/** A push of 256 bytes on its way to another node, and to a device. */
const HOP_BYTES = 280
const DELIVERY_BYTES = 350
/** Beside other work a script takes longer than by itself. */
const BESIDE_OTHERS = 1.5
const REDIS_USED_SHARE = 0.5
const REDIS_GB_MAX = 16
const CONNECTIONS_PER_NODE = 2
const SIZES = [1e6, 10e6, 25e6, 100e6, 300e6]

/**
 * @param costs CPU of Redis in µs of a login, a stored push, an ack and a logout, and the bytes
 * that an online device and a pending push take of it
 * @returns Markdown: the load, the table, and where one Redis ends
 */
export function fleetText(costs) {
  const sessionUs = BESIDE_OTHERS * (costs.loginUs + costs.logoutUs)
  const pushUs = BESIDE_OTHERS * (costs.pushUs + costs.ackUs)
  const fleets = SIZES.map((devices) => fleetOf(devices, { ...costs, sessionUs, pushUs }))
  const row = (what, cellOf) => `| ${[what, ...fleets.map(cellOf)].join(' | ')} |`
  const waiting = `${LOAD.awayShare} × ${LOAD.pushesWaiting} × ${n(costs.pushBytes)} B`
  const millions = fullAt({ sessionUs, pushUs }) / 1e6
  return [
    'The load of the table: each second one device in a thousand connects anew and one in a thousand gets a stored push (the',
    `peak of a busy service); heartbeats every ${LOAD.heartbeatSeconds} s; one device in ten is away with ${LOAD.pushesWaiting} pushes that wait; a node holds at most`,
    `${n(NODE_DEVICES_MAX)} devices; a Redis process is half used and holds ${REDIS_GB_MAX} GB at most. Scripts take ${BESIDE_OTHERS} times what was measured`,
    'below, for what the server does beside them.',
    '',
    row('devices online', ({ devices }) => `${devices / 1e6} M`),
    row('---', () => '---'),
    row('nodes', ({ nodes }) => n(nodes)),
    row('kernel memory of all nodes, GB', ({ kernelGb }) => few(kernelGb)),
    row('kernel memory of a node, GB', ({ kernelGb, nodes }) => few(kernelGb / nodes)),
    row('logins per second, all nodes', ({ logins }) => short(logins)),
    row(`Redis, cores of scripts: logins and logouts, ${n(sessionUs)} µs`, ({ sessionCores }) =>
      few(sessionCores),
    ),
    row(`Redis, cores of scripts: stored pushes and acks, ${n(pushUs)} µs`, ({ pushCores }) =>
      few(pushCores),
    ),
    row(`Redis, GB of registry (${n(costs.deviceBytes)} B)`, ({ registryGb }) => few(registryGb)),
    row(`Redis, GB of inboxes (${waiting})`, ({ inboxGb }) => few(inboxGb)),
    row('Redis processes by CPU, half used', ({ byCpu }) => n(byCpu)),
    row(`Redis processes by memory, ${REDIS_GB_MAX} GB`, ({ byMemory }) => n(byMemory)),
    row(
      'hops per second; their bytes, MB/s',
      ({ pushes }) => `${short(pushes)}; ${few((pushes * HOP_BYTES) / 1e6)}`,
    ),
    row(`client connections of one Redis process (nodes × ${CONNECTIONS_PER_NODE})`, ({ nodes }) =>
      n(nodes * CONNECTIONS_PER_NODE),
    ),
    row('heartbeats per second and node', ({ heartbeats }) => short(heartbeats)),
    row(
      `a broadcast of 256 B at ${n(LOAD.broadcastPerSecond)} a second and node: time; Mbit/s of a node`,
      ({ broadcastSeconds }) =>
        `${n(broadcastSeconds)} s; ${n((LOAD.broadcastPerSecond * DELIVERY_BYTES * 8) / 1e6)}`,
    ),
    '',
    `By it the one core of a single Redis is half used at ${n(millions / 2)} million devices and full at ${n(millions)}.`,
  ].join('\n')
}

function fleetOf(devices, { sessionUs, pushUs, deviceBytes, pushBytes }) {
  const nodes = Math.max(2, Math.ceil(devices / NODE_DEVICES_MAX))
  const logins = devices * LOAD.loginsShare
  const pushes = devices * LOAD.pushesShare
  const sessionCores = (logins * sessionUs) / 1e6
  const pushCores = (pushes * pushUs) / 1e6
  const registryGb = (devices * deviceBytes) / 1e9
  const inboxGb = (devices * LOAD.awayShare * LOAD.pushesWaiting * pushBytes) / 1e9
  return {
    ...{ devices, nodes, logins, pushes, sessionCores, pushCores, registryGb, inboxGb },
    kernelGb: (devices * KERNEL_BYTES) / 1e9,
    byCpu: Math.ceil((sessionCores + pushCores) / REDIS_USED_SHARE),
    byMemory: Math.ceil((registryGb + inboxGb) / REDIS_GB_MAX),
    heartbeats: devices / LOAD.heartbeatSeconds / nodes,
    broadcastSeconds: devices / nodes / LOAD.broadcastPerSecond,
  }
}

/** Devices whose scripts take one core. */
function fullAt({ sessionUs, pushUs }) {
  return 1e6 / (LOAD.loginsShare * sessionUs + LOAD.pushesShare * pushUs)
}

const n = (value) => Math.round(value).toLocaleString('en')

/** Two digits that count: 0.02, 1.6, 29, 1,238. */
function few(value) {
  if (value >= 10) return n(value)
  return String(Number(value.toFixed(value >= 1 ? 1 : 2)))
}

const short = (value) => (value >= 10_000 ? `${n(value / 1_000)} k` : `${few(value / 1_000)} k`)
