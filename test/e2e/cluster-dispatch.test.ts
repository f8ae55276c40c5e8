import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { hasRedis, NO_REDIS, type RunningRedis, startRedis } from '../cluster/redis-server.ts'
import { bench } from './bench-process.ts'
import { ServeProcess, until } from './serve-process.ts'

let redis: RunningRedis
let nodes: ServeProcess[] = []

// Anew for each test, and each time it is tried: a drained node takes nobody any more.
beforeEach(async () => {
  if (!hasRedis) return
  redis = await startRedis()
  const joined = ['--cluster', redis.url, '--cluster-lease', '1s', '--shards', '1']
  const start = (name: string) =>
    ServeProcess.start(...joined, '--strict-placement', '--node-name', name)
  nodes = await Promise.all(['a', 'b'].map(start))
  for (const node of nodes) await until(async () => (await setFor(node, 'x')).length === 2)
})

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.kill()))
  await redis?.remove()
})

interface SetNode {
  readonly name: string
  readonly addresses: { readonly tcp: readonly string[]; readonly ws: readonly string[] }
}

async function setFor(node: ServeProcess, device: string): Promise<readonly SetNode[]> {
  const answer = await fetch(node.url(`/v1/dispatch?device=${device}`))
  return answer.ok ? ((await answer.json()) as { nodes: SetNode[] }).nodes : []
}

/** The first frame that a device gets. */
function firstFrame(url: string, deviceId: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'push.v1.json')
    socket.once('error', reject)
    socket.once('open', () =>
      socket.send(JSON.stringify({ type: 'HELLO', version: 1, deviceId, flags: 0 })),
    )
    socket.once('message', (text) => {
      resolve(JSON.parse(String(text)))
      socket.close()
    })
  })
}

describe.skipIf(!hasRedis)(`dispatch in a cluster${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('names the same home at every node, and a device that comes elsewhere is sent there', async () => {
    for (const device of ['d1', 'd2', 'd3', 'd4']) {
      const sets = await Promise.all(nodes.map((node) => setFor(node, device)))
      const [home, other] = sets[0]
      expect(sets[1][0].name).toBe(home.name)
      expect(await firstFrame(other.addresses.ws[0], device)).toMatchObject({
        type: 'BYE',
        code: 4302,
        addresses: home.addresses.ws,
      })
      expect(await firstFrame(home.addresses.ws[0], device)).toMatchObject({ type: 'WELCOME' })
    }
  })

  it('lets the devices of bench find their nodes, and go where a drain sends them', async () => {
    const drains = ['--scenario', 'drain', '--scenario-node', 'b', '--scenario-after', '300ms']
    const load = ['-c', '40', '--connect-rate', '200', '--mode', 'unicast', '-R', '40']
    const words = ['--dispatch', nodes[0].url(''), ...load, '--qos', '1', '--warmup', '100ms']
    const { report } = await bench([...words, '-d', '10s', '--scenario-rate', '200', ...drains])
    const { cluster, messages, connections } = report
    const rows = cluster!.nodes.map(({ node, devices_at_start }) => [node, devices_at_start > 0])
    expect(rows).toEqual([
      ['a', true],
      ['b', true],
    ])
    expect(cluster!.events).toMatchObject([{ what: 'draining', node: 'b', failure: '' }])
    expect(cluster!.moves).toBe(cluster!.nodes[1].devices_at_start)
    expect(cluster!.nodes.map(({ devices_at_end }) => devices_at_end)).toEqual([40, 0])
    expect(report.metrics.unavailability?.response.count).toBe(cluster!.devices_affected)
    expect([messages.lost, connections.alive_at_end]).toEqual([0, 40])
  }, 60_000)
})
