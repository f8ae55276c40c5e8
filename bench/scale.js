/**
 * From one node to 300 million devices, on paper but with measured costs: placement by the real
 * hash, reconnect storms as a fluid, what each operation takes of Redis, and what a fleet needs of
 * all that. Writes its two sections of docs/scale.md.
 *
 *   node bench/scale.js [--dry] [--devices 50000]     --dry prints them and leaves the page alone
 */
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { rewriteSection } from './document.js'
import { fleetText } from './scale-fleet.js'
import { measurePlacement } from './scale-placement.js'
import { measureRedis } from './scale-redis.js'
import { simulateStorm } from './scale-storm.js'

const PAGE = join(new URL('..', import.meta.url).pathname, 'docs', 'scale.md')
const SECTION = { name: 'scale', heading: '## Measured and simulated' }
const FLEET_SECTION = { name: 'fleet', heading: '## What a fleet needs' }
const FLEET = 300e6

const { values } = parseArgs({
  options: { dry: { type: 'boolean' }, devices: { type: 'string', default: '50000' } },
})

const n = (value, digits = 0) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
const percent = (value) => `${n(value * 100, 2)} %`
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

const redis = await measureRedis({ devices: Number(values.devices) })
const placements = []
for (const nodes of [3, 12, 100, 400]) {
  placements.push(await measurePlacement({ nodes, sample: 100_000, devices: FLEET }))
}
const storms = [
  ['one node of 400 dies', { lost: FLEET / 400, perSecond: 399 * 5_000 }],
  ['one of three sites is lost', { lost: FLEET / 3, perSecond: 267 * 5_000 }],
  ['the same, Redis admits 500 k/s in all', { lost: FLEET / 3, perSecond: 500_000 }],
  [
    'the same, first attempts spread over 60 s',
    { lost: FLEET / 3, perSecond: 500_000, firstMs: 60_000 },
  ],
  [
    'the same, clients retry after 1 s sharp',
    { lost: FLEET / 3, perSecond: 500_000, jittered: false },
  ],
  ['everybody at once (Redis came back empty)', { lost: FLEET, perSecond: 400 * 5_000 }],
  ['the same, Redis admits 500 k/s in all', { lost: FLEET, perSecond: 500_000 }],
].map(([what, storm]) => [what, simulateStorm(storm)])

const section = [
  `Measured ${new Date().toISOString().slice(0, 10)} on ${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}.`,
  '',
  '```\nnode bench/scale.js\n```',
  '',
  `One Redis, ${n(redis.devices)} devices, batches as a node sends them. CPU is the server's own count, memory what \`used_memory\` grew by:`,
  '',
  table(
    ['operation', 'CPU of Redis, µs', 'operations per CPU-second', 'bytes it leaves behind'],
    redis.rows.map(({ what, cpuUs, bytes }) => [what, n(cpuUs, 1), n(1e6 / cpuUs), n(bytes)]),
  ),
  '',
  'Placement of 300 million devices by the hash of `src/cluster/dispatch`, from 100,000 points:',
  '',
  table(
    [
      'nodes',
      'fullest node × mean, sample',
      'at 300 M',
      'moved when one joins (1/(n+1))',
      'when one leaves (1/n)',
      'CPU per look-up, µs',
    ],
    placements.map((row) => [
      row.nodes,
      n(row.most, 3),
      n(row.mostAtScale, 4),
      `${percent(row.joined)} (${percent(row.joinedFair)})`,
      `${percent(row.left)} (${percent(row.leftFair)})`,
      n(row.usPerDevice, 1),
    ]),
  ),
  '',
  'Reconnect storms at 300 million devices on 400 nodes in three sites, 5,000 logins per second and node:',
  '',
  table(
    [
      'what',
      'devices',
      'logins/s',
      '50 % back',
      '99 %',
      '99.9 %',
      'attempts per device',
      'peak attempts/s',
    ],
    storms.map(([what, { lost, perSecond, seconds, attemptsPerDevice, peakPerSecond }]) => [
      what,
      `${n(lost / 1e6, 1)} M`,
      n(perSecond),
      ...[0.5, 0.99, 0.999].map((mark) =>
        seconds[mark] === null ? '> 4 h' : `${n(seconds[mark])} s`,
      ),
      n(attemptsPerDevice, 1),
      n(peakPerSecond),
    ]),
  ),
].join('\n')

const [login, push, ack, , logout] = redis.rows
const fleet = fleetText({
  ...{ loginUs: login.cpuUs, pushUs: push.cpuUs, ackUs: ack.cpuUs, logoutUs: logout.cpuUs },
  ...{ deviceBytes: login.bytes, pushBytes: push.bytes },
})

console.log(`${fleet}\n\n${section}`)
if (!values.dry) {
  rewriteSection(PAGE, FLEET_SECTION, fleet)
  rewriteSection(PAGE, SECTION, section)
}
