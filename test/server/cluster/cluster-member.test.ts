import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ACL_CLUSTER_RIGHTS, ACL_RIGHTS } from '../../../src/cluster/cluster-error.ts'
import { startRedisCluster } from '../../cluster/redis-cluster.ts'
import { ask } from '../../cluster/redis-client.ts'
import {
  freePort,
  hasRedis,
  hasValkey,
  NO_REDIS,
  REDIS_SERVER,
  type RunningRedis,
  startRedis,
  startServer,
} from '../../cluster/redis-server.ts'
import { until } from '../../e2e/serve-process.ts'
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

async function untilStored(through: ClusterNode, id: string, text: string): Promise<void> {
  while ((await store(through, [id], text).catch(() => null)) === null) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe.skipIf(!hasRedis)(`a cluster of nodes${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('runs on a Redis Cluster of three masters, with the rights of the docs', async () => {
    const cluster = await startRedisCluster()
    servers.push(...cluster.masters)
    const rights = `${ACL_RIGHTS} ${ACL_CLUSTER_RIGHTS}`.replaceAll('PREFIX', 't').split(' ')
    for (const server of servers) await ask(server, 'acl', 'setuser', 'u', 'on', '>pw', ...rights)
    stage = new ClusterStage(cluster.url.replace('//', '//u:pw@'))
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
    for (const server of servers) expect(await ask(server, 'acl', 'log')).toEqual([])
  })

  it.skipIf(!hasValkey)('runs on Valkey (where valkey-server is installed)', async () => {
    const valkey = await startServer('valkey-server', [])
    servers.push(valkey)
    expect(String(await ask(valkey, 'info', 'server'))).toContain('valkey_version:')
    stage = new ClusterStage(valkey.url)
    const [a, b] = (await stage.openAll('a', 'b')) as [ClusterNode, ClusterNode]
    const peer = await stage.join(a, 'd')
    await store(b, ['d'], 'stored', 'once')
    await store(b, ['d'], 'stored', 'once')
    await push(b, ['d'], 'direct')
    await peer.until('MSG', 2)
    expect(textsOf(peer)).toEqual(['stored', 'direct'])
    const moved = await stage.join(b, 'd')
    await moved.until('MSG')
    await untilTrue(() => peer.isClosed)
    expect(textsOf(moved)).toEqual(['stored'])
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
    const sentinel = spawn(REDIS_SERVER, [file, '--sentinel'], { stdio: 'ignore' })
    stopMore.push(() => sentinel.kill('SIGKILL'))
    const isReplicaKnown = async () => {
      const replicas = await ask({ port }, 'sentinel', 'replicas', 'm').catch(() => [])
      return JSON.stringify(replicas).includes(String(replica.port))
    }
    await until(isReplicaKnown)
    stage = new ClusterStage(`redis+sentinel://127.0.0.1:${port}/m`, 2_000)
    const [a, b] = (await stage.openAll('a', 'b')) as [ClusterNode, ClusterNode]
    const peer = await stage.join(a, 'd')
    await store(b, ['d'], 'before')
    await peer.until('MSG')
    peer.send({ type: 'ACK', stream: 0, seq: 1 })
    const replication = async () =>
      String(await ask(replica, 'info', 'replication').catch(() => ''))
    await until(async () => (await replication()).includes('link_status:up'))
    await master.stop()
    await until(async () => (await replication()).includes('role:master'))
    await untilStored(b, 'd', 'after')
    await peer.until('MSG', 2)
    expect(textsOf(peer)).toEqual(['before', 'after'])
    expect(peer.isClosed).toBe(false)
  })
})
