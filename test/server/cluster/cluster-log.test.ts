import { spawnSync } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { hasRedis, NO_REDIS, type RunningRedis, startRedis } from '../../cluster/redis-server.ts'
import { type ClusterNode, ClusterStage } from './cluster-stage.ts'

let redis: RunningRedis | undefined
let stage: ClusterStage | undefined

afterEach(async () => {
  await stage?.close()
  await redis?.remove()
})

const broadcast = ({ node }: ClusterNode) =>
  node.push({
    to: { kind: 'all' },
    payload: Buffer.from('x'),
    stored: { ttlSeconds: 60, mode: 'DIRECT' },
  })

describe.skipIf(!hasRedis)(`the log of a cluster${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('keeps states of entries that it has and of those to come, of none that are gone', async () => {
    redis = await startRedis()
    const { port } = redis
    const cli = (...words: string[]) =>
      spawnSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' }).stdout.trim()
    stage = new ClusterStage(redis.url)
    const [a] = (await stage.openAll('a')) as [ClusterNode]
    const { pushId } = await broadcast(a)
    expect(await a.node.controlBroadcast(pushId!, 'cancelled')).toMatchObject({
      state: 'cancelled',
    })
    const seq = cli('get', 't:{c}:log-head')
    cli('hset', 't:{c}:log-states', '7', 'paused', '9000000000', 'paused')
    await broadcast(a)
    expect(cli('hkeys', 't:{c}:log-states').split('\n').toSorted()).toEqual([seq, '9000000000'])
  })
})
