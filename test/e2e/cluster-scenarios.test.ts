/** What happens to a cluster under load, small: bench gives the orders, and counts what comes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunReport } from '../../src/stats/run-report.ts'
import { hasRedis, NO_REDIS, type RunningRedis, startRedis } from '../cluster/redis-server.ts'
import { bench } from './bench-process.ts'
import { NodeShell } from './fixtures/node-shell.ts'

let redis: RunningRedis
let shell: NodeShell

beforeEach(async () => {
  if (!hasRedis) return
  redis = await startRedis()
  shell = new NodeShell()
})

afterEach(async () => {
  shell?.close()
  await redis?.remove()
})

/** Nodes by name and site; the HTTP address of the first. */
async function openNodes(sites: Readonly<Record<string, string>>): Promise<string> {
  const joined = ['--cluster', redis.url, '--cluster-lease', '1s', '--shards', '1']
  const opened = Object.entries(sites).map(([name, site]) =>
    shell.open(name, ...joined, '--site', site),
  )
  const [first] = await Promise.all(opened)
  await shell.untilSeen()
  return first!
}

/** Two pushes a second to each of 40 devices, each stored. */
async function play(url: string, kind: string, ...words: readonly string[]): Promise<RunReport> {
  const load = ['-c', '40', '--connect-rate', '200', '--mode', 'unicast', '-R', '80', '--qos', '1']
  const plan = ['--warmup', '100ms', '--scenario', kind, '--scenario-after', '300ms']
  const { report } = await bench(['--dispatch', url, ...load, ...plan, ...words])
  return report
}

function eventsOf({ cluster }: RunReport): string[] {
  return cluster!.events!.map(({ what, node, failure }) => `${node} ${what} ${failure}`.trim())
}

describe.skipIf(!hasRedis)(
  `a scenario${hasRedis ? '' : ` (${NO_REDIS})`}`,
  { timeout: 60_000 },
  () => {
    it('node-kill: devices of the node go elsewhere, and what was stored comes', async () => {
      const url = await openNodes({ a: 'here', b: 'here' })
      const words = ['-d', '6s', '--node-stop', shell.kill, '--node-start', shell.start]
      const report = await play(url, 'node-kill', ...words, '--scenario-down', '1s')
      expect(eventsOf(report)).toEqual(['b stopped', 'b started'])
      const [, b] = report.cluster!.nodes
      expect(b!.devices_at_start).toBeGreaterThan(0)
      expect(b!.lost).toBe(b!.devices_at_start)
      expect(report.cluster!.devices_affected).toBe(b!.devices_at_start)
      expect(report.cluster!.devices_away_at_end).toBe(0)
      expect([report.messages.lost, report.connections.alive_at_end]).toEqual([0, 40])
    })

    it('node-kill: pushes go on through another node where it is theirs', async () => {
      const url = await openNodes({ a: 'here', b: 'here' })
      const words = ['-d', '6s', '--node-stop', shell.kill, '--node-start', shell.start]
      const which = ['--scenario-node', 'a', '--scenario-down', '1s']
      const report = await play(url, 'node-kill', ...words, ...which)
      expect(eventsOf(report)).toEqual(['a stopped', 'a started'])
      const { sent, unsent, lost } = report.messages
      expect([sent > 0, unsent, lost]).toEqual([true, 0, 0])
      const { failures, alive_at_end } = report.connections
      expect([failures.filter(({ phase }) => phase === 'publish'), alive_at_end]).toEqual([[], 40])
    })

    it('site-loss: devices of a site go to the other one', async () => {
      const url = await openNodes({ a: 'north', b: 'south', c: 'south' })
      const words = [
        '-d',
        '5s',
        '--node-stop',
        shell.kill,
        '--dispatch-site',
        'south',
        '--no-dispatch-race',
      ]
      const report = await play(url, 'site-loss', ...words)
      expect(eventsOf(report).toSorted()).toEqual(['b stopped', 'c stopped'])
      const { nodes, devices_affected, devices_away_at_end } = report.cluster!
      const [a, b, c] = nodes
      expect([a!.devices_at_start, b!.devices_at_start + c!.devices_at_start]).toEqual([0, 40])
      expect([devices_affected, devices_away_at_end, a!.devices_at_end]).toEqual([40, 0, 40])
      expect([report.messages.lost, report.connections.alive_at_end]).toEqual([0, 40])
    })

    it('rolling-restart: each node is emptied and comes back, that of the pushes too', async () => {
      const url = await openNodes({ a: 'here', b: 'here', c: 'here' })
      const words = ['--node-stop', shell.stop, '--node-start', shell.start]
      const report = await play(
        url,
        'rolling-restart',
        '-d',
        '16s',
        '--scenario-rate',
        '200',
        ...words,
      )
      const ofEach = ['draining', 'stopped', 'started', 'ready again']
      expect(eventsOf(report)).toEqual(
        ['a', 'b', 'c'].flatMap((node) => ofEach.map((what) => `${node} ${what}`)),
      )
      expect(report.cluster!.moves).toBeGreaterThan(0)
      expect(report.cluster!.nodes.map(({ lost }) => lost)).toEqual([0, 0, 0])
      const { unsent, lost } = report.messages
      expect([unsent, lost, report.connections.alive_at_end]).toEqual([0, 0, 40])
    })
  },
)
