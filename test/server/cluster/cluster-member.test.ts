import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  freePort,
  hasRedis,
  NO_REDIS,
  type RunningRedis,
  startRedis,
} from '../../cluster/redis-server.ts'
import { untilTrue } from '../node-stage.ts'
import { type ClusterNode, ClusterStage, push, store, textsOf } from './cluster-stage.ts'

const servers: RunningRedis[] = []
let stage: ClusterStage | undefined
const stopMore: (() => void)[] = []

afterEach(async () => {
  await stage?.close()
  for (const stop of stopMore.splice(0)) stop()
  for (const server of servers.splice(0)) await server.remove()
})

function cli(port: number, ...words: string[]): string {
  return spawnSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' }).stdout
}

async function threeMasters(): Promise<string> {
  const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  for (let i = 0; i < 3; i++) servers.push(await startRedis(...settings))
  const ports = servers.map(({ port }) => port)
  const ranges = [
    [0, 5460],
    [5461, 10_922],
    [10_923, 16_383],
  ]
  for (const [i, port] of ports.entries()) {
    cli(port, 'cluster', 'addslotsrange', ...ranges[i]!.map(String))
    cli(port, 'cluster', 'set-config-epoch', String(i + 1))
    if (i > 0) cli(port, 'cluster', 'meet', '127.0.0.1', String(ports[0]))
  }
  await untilTrue(() =>
    ports.every((port) => {
      const text = cli(port, 'cluster', 'info')
      return text.includes('cluster_state:ok') && text.includes('cluster_known_nodes:3')
    }),
  )
  return `redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`
}

async function untilStored(through: ClusterNode, id: string, text: string): Promise<void> {
  while ((await store(through, [id], text).catch(() => null)) === null) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe.skipIf(!hasRedis)(`a cluster of nodes${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('runs on a Redis Cluster of three masters', async () => {
    stage = new ClusterStage(await threeMasters())
    const [a, b] = (await stage.openAll('a', 'b')) as [ClusterNode, ClusterNode]
    const ids = Array.from({ length: 12 }, (_, i) => `device-${i}`)
    const peers = await Promise.all(ids.map((id, i) => stage!.join(i % 2 === 0 ? a : b, id)))
    expect(await store(a, ids, 'stored')).toMatchObject({ stored: 12, online: 12 })
    expect(await push(b, ids, 'direct')).toMatchObject({ online: 12 })
    for (const peer of peers) {
      await peer.until('MSG', 2)
      expect(textsOf(peer).toSorted()).toEqual(['direct', 'stored'])
      peer.send({ type: 'ACK', stream: 0, seq: 1 })
    }
    const outcome = await b.node.push({
      to: { kind: 'all' },
      payload: Buffer.from('all'),
      stored: { ttlSeconds: 60, mode: 'DIRECT' },
    })
    expect(outcome.online).toBe(12)
    for (const peer of peers) await peer.until('MSG', 3)
    const moved = await stage.join(b, ids[0]!, { inboxSeq: 1, broadcastSeq: 1_000_000_000 })
    await untilTrue(() => peers[0]!.isClosed)
    await store(a, [ids[0]!], 'moved')
    expect(await moved.until('MSG')).toMatchObject({ seq: 2, payload: 'moved' })
  })

  it('goes on when Sentinel makes a replica the master', async () => {
    const master = await startRedis()
    const replica = await startRedis('--replicaof', '127.0.0.1', String(master.port))
    servers.push(master, replica)
    const port = await freePort()
    const file = join(tmpdir(), `pushctl-sentinel-${port}.conf`)
    writeFileSync(
      file,
      `port ${port}\nsentinel monitor m 127.0.0.1 ${master.port} 1\n` +
        'sentinel down-after-milliseconds m 500\nsentinel failover-timeout m 3000\n',
    )
    const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
    stopMore.push(() => sentinel.kill('SIGKILL'))
    await untilTrue(() => cli(port, 'sentinel', 'replicas', 'm').includes(String(replica.port)))
    stage = new ClusterStage(`redis+sentinel://127.0.0.1:${port}/m`, 2_000)
    const [a, b] = (await stage.openAll('a', 'b')) as [ClusterNode, ClusterNode]
    const peer = await stage.join(a, 'd')
    await store(b, ['d'], 'before')
    await peer.until('MSG')
    peer.send({ type: 'ACK', stream: 0, seq: 1 })
    await untilTrue(() => cli(replica.port, 'info', 'replication').includes('link_status:up'))
    await master.stop()
    await untilTrue(() => cli(replica.port, 'role').startsWith('master'))
    await untilStored(b, 'd', 'after')
    await peer.until('MSG', 2)
    expect(textsOf(peer)).toEqual(['before', 'after'])
    expect(peer.isClosed).toBe(false)
  })
})
