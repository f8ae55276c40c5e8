/** Scripts that give numbers, and servers that know less than those before them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask } from './redis-client.ts'
import { hasRedis, NO_REDIS, type RunningRedis, startRedis } from './redis-server.ts'
import { RedisProxy } from '../e2e/fixtures/redis-proxy.ts'
import { until } from '../e2e/serve-process.ts'
import { untilTrue } from '../server/node-stage.ts'
import { ClusterStage, store } from '../server/cluster/cluster-stage.ts'

const LEASE_MS = 1_500

let redis: RunningRedis
let proxy: RedisProxy
let stage: ClusterStage

beforeEach(async () => {
  if (!hasRedis) return
  redis = await startRedis()
  proxy = await RedisProxy.open(redis.port)
  stage = new ClusterStage(redis.url, LEASE_MS)
})

afterEach(async () => {
  await stage?.close()
  proxy?.close()
  await redis?.remove()
})

async function untilStored(through: Parameters<typeof store>[0], id: string, text: string) {
  await until(async () => (await store(through, [id], text).catch(() => null)) !== null)
}

/** As a replica that had not heard of them yet. */
async function forgetDevices(): Promise<void> {
  const keys = (await ask(redis, 'keys', 't:[di]:*')) as string[]
  if (keys.length > 0) await ask(redis, 'del', ...keys)
}

describe.skipIf(!hasRedis)(
  `a Redis that knows less than it did${hasRedis ? '' : ` (${NO_REDIS})`}`,
  () => {
    it('gives no number until the node that has the device has checked it', async () => {
      const a = await stage.open('a', proxy.url)
      const b = await stage.open('b')
      await untilTrue(() => b.member.view.nodes().filter(({ http }) => http !== '').length === 2)
      const peer = await stage.join(a, 'd')
      await store(b, ['d'], 'one')
      await peer.until('MSG')
      peer.send({ type: 'ACK', stream: 0, seq: 1 })
      proxy.cut()
      await forgetDevices()
      await redis.stop()
      await redis.start()
      const stored = untilStored(b, 'd', 'two')
      // The one that is quick is back by now; the one that has the device is not.
      await until(async () =>
        String(await ask(redis, 'client', 'list')).includes('name=pushctl-b '),
      )
      proxy.mend()
      await stored
      expect(await peer.until('MSG', 2)).toMatchObject({ seq: 2, payload: 'two' })
    })

    it('is used at once by a node that is alone', async () => {
      stage = new ClusterStage(redis.url, 60_000)
      const a = await stage.open('a')
      const peer = await stage.join(a, 'd')
      await store(a, ['d'], 'one')
      await peer.until('MSG')
      await forgetDevices()
      await redis.stop()
      await redis.start()
      await untilStored(a, 'd', 'two')
      expect(await peer.until('MSG', 2)).toMatchObject({ seq: 2, payload: 'two' })
    })

    it('makes pushes wait when its scripts were flushed, and they go on', async () => {
      const a = await stage.open('a')
      const b = await stage.open('b')
      await untilTrue(() => b.member.view.nodes().filter(({ http }) => http !== '').length === 2)
      const peer = await stage.join(a, 'd')
      await ask(redis, 'script', 'flush')
      await expect(store(b, ['d'], 'one')).rejects.toThrow(/a server of Redis is new/)
      expect(b.node.readiness().ready).toBe(true)
      await untilStored(b, 'd', 'two')
      expect(await peer.until('MSG')).toMatchObject({ seq: 1, payload: 'two' })
    })
  },
)

describe.skipIf(!hasRedis)('a Redis that is full', () => {
  it('refuses stored pushes, and nodes, logins and acks go on', async () => {
    const a = await stage.open('a')
    const peer = await stage.join(a, 'd')
    await store(a, ['d'], 'one')
    await peer.until('MSG')
    await ask(redis, 'config', 'set', 'maxmemory', 1)
    await expect(store(a, ['d'], 'two')).rejects.toThrow(/OOM/)
    const late = await stage.join(a, 'late')
    peer.send({ type: 'ACK', stream: 0, seq: 1 })
    await until(async () => ((await ask(redis, 'keys', 't:i:*')) as string[]).length === 0)
    const [before] = a.member.view.nodes()
    await until(() => a.member.view.nodes()[0]!.seenAtMs > before!.seenAtMs + LEASE_MS)
    expect([a.node.readiness().ready, late.isClosed]).toEqual([true, false])
    await ask(redis, 'config', 'set', 'maxmemory', 0)
    await store(a, ['d'], 'three')
    expect(await peer.until('MSG', 2)).toMatchObject({ seq: 2, payload: 'three' })
  })
})
