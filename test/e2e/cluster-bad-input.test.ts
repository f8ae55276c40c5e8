/**
 * What is wrong around a cluster, told by the built command: what was expected, what was got, and
 * what to type next. Nothing is lost, and no stack is shown.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../cluster/redis-client.ts'
import { hasRedis, NO_REDIS } from '../cluster/redis-server.ts'
import { ClusterStage, STAGE_TEST_MS_MAX, WAIT_MS_MAX } from './fixtures/cluster-stage.ts'
import { OldRedis } from './fixtures/old-redis.ts'
import { untilSettled } from './fixtures/roaming-device.ts'
import { ServeProcess, until } from './serve-process.ts'

let stage: ClusterStage

beforeAll(async () => {
  if (hasRedis) stage = await ClusterStage.open()
})

afterAll(async () => {
  if (hasRedis) await stage.close()
})

const PORTS = ['--tcp', '127.0.0.1:0', '--ws', '127.0.0.1:0', '--http', '127.0.0.1:0']

/** What `serve` says before it ends with a failure, without where Redis is. */
async function refusalOf(...words: string[]): Promise<string> {
  const { status, stderr } = await new ServeProcess([...PORTS, ...words]).ended
  expect([status, /\n {4}at /.test(stderr)]).toEqual([4, false])
  return stderr.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
}

/** Forward in time, as a host whose clock is not kept. */
const fastClock = (ms: number) => {
  const script = `const now = Date.now; Date.now = () => now() + ${ms}`
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}` }
}

describe.skipIf(!hasRedis)(
  `a cluster${hasRedis ? '' : ` (${NO_REDIS})`}`,
  { timeout: STAGE_TEST_MS_MAX },
  () => {
    it('refuses a Redis that is too old', async () => {
      const old = await OldRedis.open('6.2.14')
      expect(await refusalOf('--cluster', old.url)).toMatchInlineSnapshot(`
        "pushctl serve: expected Redis 7.0 or newer, or Valkey, at redis://HOST, got Redis 6.2.14
          why  nodes talk over sharded channels, which 7.0 brought
          try  a newer Redis or Valkey
        "
      `)
      old.close()
    })

    it('refuses keys of another form, and a server that is not there', async () => {
      await ask(stage.redis, 'hset', 'other:{c}:meta', 'format', '7')
      const other = ['--cluster', stage.url, '--cluster-prefix', 'other']
      expect(await refusalOf(...other)).toMatchInlineSnapshot(`
        "pushctl serve: expected keys of form 1 in Redis, got form 7
          try  the same version of pushctl on all nodes
               --cluster-prefix NAME for a cluster of its own
        "
      `)
      expect(await refusalOf('--cluster', 'redis://127.0.0.1:1')).toMatchInlineSnapshot(`
        "pushctl serve: expected an answer of the cluster's Redis at redis://HOST, got: connect ECONNREFUSED HOST
          try  redis-cli -h 127.0.0.1 -p 1 ping
               --cluster, where Redis is
        "
      `)
    })

    it('tells of a clock that is off, and goes on', async () => {
      const words = stage.wordsOf('fast').map((word) => (word === 'error' ? 'info' : word))
      const node = new ServeProcess([...PORTS, ...words], fastClock(90_000))
      await until(() => node.stderr.includes('the clock of this host'), WAIT_MS_MAX)
      expect(node.stderr).toMatch(/is (90|89)\d{3} ms ahead of that of Redis: .*NTP/)
      await node.kill()
    })

    it('takes any id as that of a device: none reaches a key, and each gets what is its own', async () => {
      const [a, b] = await stage.start('a', 'b')
      const ids = [
        ...['{}', '{c}', 'a}b{c', '}', 'pushctl:{c}:meta', '*', '../../etc', "'; FLUSHALL", '%s%n'],
        ...[
          '\u0000',
          'a\r\nDEL x\r\n',
          '\u001b[31m',
          '\u202e',
          '设备',
          '👩‍👩‍👧',
          'a b',
          'e\u0301',
          '\u00e9',
        ],
        'x'.repeat(128),
      ]
      const devices = ids.map((id) => stage.device(id))
      for (const [i, device] of devices.entries()) await device.start([a, b][i % 2]!.tcp)
      for (const through of [a, b]) {
        for (const device of devices) expect(await stage.push(device, through)).toBe(true)
      }
      await untilSettled(devices)
      expect(devices.map(({ receivedCount }) => receivedCount)).toEqual(ids.map(() => 2))
      const keys = (await ask(stage.redis, 'keys', 'pushctl:*')) as string[]
      const known = /^pushctl:(?:[di]:\{[\da-f]{16}\}|\{c\}:[\w-]+)$/
      expect(keys.filter((key) => !known.test(key))).toEqual([])
      for (const device of devices) {
        const path = `/v1/devices/${encodeURIComponent(device.deviceId)}`
        expect((await fetch(a!.url(path))).status).toBe(200)
      }
    })
  },
)
