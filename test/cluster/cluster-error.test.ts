import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ACL_CLUSTER_RIGHTS,
  ACL_RIGHTS,
  credentialsRefused,
} from '../../src/cluster/cluster-error.ts'
import { openClusterReader } from '../../src/cluster/cluster-reader.ts'
import { packageRoot } from '../../src/config/package-root.ts'
import {
  type ClusterNode,
  ClusterStage,
  push,
  store,
  textsOf,
} from '../server/cluster/cluster-stage.ts'
import { until } from '../e2e/serve-process.ts'
import { ask } from './redis-client.ts'
import { hasRedis, NO_REDIS, type RunningRedis, startRedis } from './redis-server.ts'

let redis: RunningRedis | undefined
let stage: ClusterStage | undefined

afterEach(async () => {
  await stage?.close()
  await redis?.remove()
})

const RIGHTS = ACL_RIGHTS.replaceAll('PREFIX', 't').split(' ')

/** All that a node asks of Redis, at least once. */
async function playAll(url: string, server: RunningRedis): Promise<void> {
  stage = new ClusterStage(url, 1_000)
  const [a, b] = (await stage.openAll('a', 'b')) as [ClusterNode, ClusterNode]
  const peer = await stage.join(a, 'd')
  await store(b, ['d'], 'stored', 'once')
  const { pushId } = await store(b, ['d', 'away'], 'to two')
  await peer.until('MSG', 2)
  // The first of two: what is left is not the whole list.
  peer.send({ type: 'ACK', stream: 0, seq: 1 })
  expect(await a.node.receiptElsewhere(pushId)).not.toBeNull()
  const late = await stage.join(b, 'away')
  await late.until('MSG')
  late.send({ type: 'ACK', stream: 0, seq: 1 })
  await push(b, ['d'], 'direct')
  await peer.until('MSG', 3)
  expect(textsOf(peer)).toEqual(['stored', 'to two', 'direct'])
  const stored = { ttlSeconds: 60, mode: 'DIRECT' } as const
  const all = { to: { kind: 'all' }, payload: Buffer.from('all'), stored, id: 'all' } as const
  const broadcast = await b.node.push(all)
  await peer.until('MSG', 4)
  expect(await a.node.receiptElsewhere(broadcast.pushId)).not.toBeNull()
  await ask(server, 'script', 'flush')
  await until(async () => (await store(b, ['d'], 'again').catch(() => null)) !== null)
  await peer.until('MSG', 5)
  await b.node.kickDevice('d')
  await peer.until('BYE')
  const reader = await openClusterReader({ url, prefix: 't' })
  expect(await reader.nodes()).toHaveLength(2)
  await reader.close()
}

describe.skipIf(!hasRedis)(`an ACL user${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('needs the rights that errors and docs name, and each of them', async () => {
    redis = await startRedis()
    await ask(redis, 'acl', 'setuser', 'u', 'on', '>pw', ...RIGHTS)
    await ask(redis, 'config', 'resetstat')
    await playAll(redis.url.replace('redis://', 'redis://u:pw@'), redis)
    expect(await ask(redis, 'acl', 'log')).toEqual([])
    const used = String(await ask(redis, 'info', 'commandstats'))
    const granted = RIGHTS.filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1))
    const idle = granted.filter((command) => !used.includes(`cmdstat_${command}:`))
    expect(idle).toEqual([])
    const docs = readFileSync(join(packageRoot(), 'docs', 'cluster.md'), 'utf8')
    // As the shell reads it.
    const line = docs.replaceAll(/\\\n +/g, '').replaceAll("'", '')
    expect(line).toContain(ACL_RIGHTS.replaceAll('PREFIX', 'pushctl'))
    expect(line).toContain(ACL_CLUSTER_RIGHTS)
  })

  it('that lacks one is told which, with the line to give', () => {
    const cause = new Error("NOPERM this user has no permissions to run the 'info' command")
    expect(credentialsRefused('redis://h:1', cause)).toMatchObject({
      message: expect.stringContaining("run the 'info' command"),
      tries: [`ACL SETUSER name ${ACL_RIGHTS}`, expect.stringContaining(ACL_CLUSTER_RIGHTS)],
    })
    const tries = credentialsRefused('redis://h:1', new Error('WRONGPASS no')).tries.join()
    expect(tries).toContain('--cluster-password-file')
  })
})
