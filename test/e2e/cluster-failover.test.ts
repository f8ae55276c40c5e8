/** Masters of Redis that die under pushes: the nodes find the next one, and nothing is lost. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningRedisCluster, startRedisCluster } from '../cluster/redis-cluster.ts'
import { ask } from '../cluster/redis-client.ts'
import {
  freePort,
  hasRedis,
  REDIS_SERVER,
  type RunningRedis,
  startRedis,
} from '../cluster/redis-server.ts'
import { ClusterStage, STAGE_TEST_MS_MAX, WAIT_MS_MAX } from './fixtures/cluster-stage.ts'
import { type RoamingDevice, untilSettled } from './fixtures/roaming-device.ts'
import { startPushing } from './fixtures/stored-pushing.ts'
import { until } from './serve-process.ts'

let stage: ClusterStage | undefined
let replica: RunningRedis | undefined
let sentinel: ChildProcess | undefined
let redisCluster: RunningRedisCluster | undefined
let folder = ''

afterEach(async () => {
  await stage?.close()
  await replica?.remove()
  await redisCluster?.remove()
  sentinel?.kill('SIGKILL')
  if (folder !== '') await rm(folder, { recursive: true, force: true })
})

/** One Sentinel that decides alone, and soon; resolves to its port. */
async function startSentinel(masterPort: number): Promise<number> {
  folder = await mkdtemp(join(tmpdir(), 'pushctl-sentinel-'))
  const port = await freePort()
  const lines = [
    ...[`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`],
    `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
    'sentinel down-after-milliseconds main 1000',
    'sentinel failover-timeout main 5000',
  ]
  const file = join(folder, 'sentinel.conf')
  await writeFile(file, `${lines.join('\n')}\n`)
  let said = ''
  sentinel = spawn(REDIS_SERVER, [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'ignore'] })
  sentinel.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
  // A master without a known replica could not be replaced.
  await until(() => said.includes('+slave slave'), WAIT_MS_MAX)
  return port
}

/** Pushes go on until each device got one after the failover, at whatever server it is. */
async function untilAllGotMore(devices: readonly RoamingDevice[]): Promise<void> {
  const before = new Map(devices.map((device) => [device, device.receivedCount]))
  const hasMore = (device: RoamingDevice) => device.receivedCount > before.get(device)!
  await until(() => devices.every(hasMore), WAIT_MS_MAX)
}

describe.skipIf(!hasRedis)('Redis behind Sentinel', { timeout: STAGE_TEST_MS_MAX }, () => {
  it('may lose its master under pushes: none is lost, and no number stands for two', async () => {
    stage = await ClusterStage.open()
    const { redis } = stage
    const next = (replica = await startRedis('--replicaof', '127.0.0.1', String(redis.port)))
    stage.url = `redis+sentinel://127.0.0.1:${await startSentinel(redis.port)}/main`
    const replication = async () => String(await ask(next, 'info', 'replication').catch(() => ''))
    await until(async () => (await replication()).includes('link_status:up'), WAIT_MS_MAX)
    await stage.start('a', 'b')
    const devices = await stage.devices(20)
    const pushing = startPushing(stage, devices)
    await pushing.more(300)
    await redis.stop()
    await until(async () => (await replication()).includes('role:master'), WAIT_MS_MAX)
    await untilAllGotMore(devices)
    await pushing.stop()
    await untilSettled(devices)
    await stage.untilReady()
    expect(devices.flatMap(({ byes }) => byes)).toEqual([])
    const { status, document } = await stage.cluster('status')
    expect([status, document.total]).toEqual([0, expect.objectContaining({ ready: 2 })])
  })
})

describe.skipIf(!hasRedis)('a Redis Cluster', { timeout: STAGE_TEST_MS_MAX }, () => {
  it('may lose a master under pushes: its replica goes on, nothing is lost, none comes twice', async () => {
    stage = await ClusterStage.open()
    redisCluster = await startRedisCluster({ hasReplicas: true })
    const [first] = redisCluster.masters
    stage.url = redisCluster.url
    await stage.start('a', 'b')
    const devices = await stage.devices(30)
    const pushing = startPushing(stage, devices)
    await pushing.more(200)
    await first!.stop()
    const [next] = redisCluster.replicas
    const role = async () => String(await ask(next!, 'info', 'replication').catch(() => ''))
    await until(async () => (await role()).includes('role:master'), WAIT_MS_MAX)
    await untilAllGotMore(devices)
    await pushing.stop()
    await untilSettled(devices)
    expect(devices.flatMap(({ byes }) => byes)).toEqual([])
    await stage.untilReady()
  })
})
