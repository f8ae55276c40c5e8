import { afterEach, describe, expect, it } from 'vitest'
import { parseClusterAddress } from '../../src/cluster/cluster-address.ts'
import { openClusterReader } from '../../src/cluster/cluster-reader.ts'
import { RedisLink } from '../../src/cluster/redis-link.ts'
import { checkServers } from '../../src/cluster/start-checks.ts'
import { freePort, hasRedis, NO_REDIS, type RunningRedis, startRedis } from './redis-server.ts'

const GOOD = 'redis_version:7.2.4\r\nredis_mode:standalone\r\nrole:master\r\naof_enabled:1\r\n'
const check = (text: string, isPartitioned = false) =>
  checkServers([text], isPartitioned, 'redis://h:1')

describe('what Redis says of itself', () => {
  it('is good from 7.0 on, and of any Valkey', () => {
    expect(check(GOOD)).toEqual([])
    expect(check(GOOD.replace('7.2.4', '7.0.0'))).toEqual([])
    expect(check(`${GOOD}valkey_version:8.1.0\r\n`)).toEqual([])
  })

  it('is refused where it is too old, a replica, or would evict', () => {
    expect(() => check(GOOD.replace('7.2.4', '6.2.14'))).toThrow(
      /7\.0 or newer.*got Redis 6\.2\.14/,
    )
    expect(() => check(GOOD.replace('role:master', 'role:slave'))).toThrow(/got a replica/)
    expect(() => check(`${GOOD}maxmemory_policy:allkeys-lru\r\n`)).toThrow(
      /noeviction.*allkeys-lru/,
    )
    expect(() => check('')).toThrow(/of no version/)
  })

  it('is refused where a Redis Cluster is taken for a single server, with the address to give', () => {
    const text = GOOD.replace('standalone', 'cluster')
    expect(() => check(text)).toThrow(
      expect.objectContaining({ tries: ['--cluster redis+cluster://h:1'] }),
    )
    expect(check(text, true)).toEqual([])
  })

  it('is told where stored pushes end with it', () => {
    expect(check(GOOD.replace('aof_enabled:1', 'aof_enabled:0'))).toEqual([
      expect.stringContaining('append-only'),
    ])
  })
})

describe.skipIf(!hasRedis)(`a Redis that cannot be used${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  let redis: RunningRedis | undefined
  afterEach(async () => {
    await redis?.remove()
    redis = undefined
  })

  it('is unreachable where nobody listens', async () => {
    const url = `redis://u:secret@127.0.0.1:${await freePort()}`
    const opening = openClusterReader({ url, prefix: 'p' })
    await expect(opening).rejects.toMatchObject({ code: 'PUSHCTL_CLUSTER_UNREACHABLE' })
    await expect(opening).rejects.toThrow(/^(?!.*secret)/)
  })

  it('refuses a wrong password, and none, with what to give', async () => {
    redis = await startRedis('--requirepass', 'right')
    for (const credentials of ['', ':wrong@']) {
      const address = parseClusterAddress(redis.url.replace('//', `//${credentials}`))
      await expect(RedisLink.open(address, 'test')).rejects.toMatchObject({
        code: 'PUSHCTL_CLUSTER_REFUSED',
      })
    }
    const link = await RedisLink.open(
      parseClusterAddress(redis.url, { password: 'right', tls: {} }),
      'test',
    )
    expect(await link.command('ping')).toBe('PONG')
    await link.close()
  })
})
