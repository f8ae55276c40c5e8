/** The Redis of a cluster that dies, loses its data, is slow, or is not one that can be used. */
import { afterEach, describe, expect, it } from 'vitest'
import { hasRedis } from '../cluster/redis-server.ts'
import { ClusterStage, STAGE_TEST_MS_MAX, WAIT_MS_MAX } from './fixtures/cluster-stage.ts'
import { RedisProxy } from './fixtures/redis-proxy.ts'
import { untilSettled } from './fixtures/roaming-device.ts'
import { ServeProcess, until } from './serve-process.ts'

let stage: ClusterStage | undefined
let proxy: RedisProxy | undefined

afterEach(async () => {
  proxy?.close()
  proxy = undefined
  await stage?.close()
  stage = undefined
})

const statusOf = async (node: ServeProcess, path: string) => (await fetch(node.url(path))).status

describe.skipIf(!hasRedis)('a Redis', { timeout: STAGE_TEST_MS_MAX }, () => {
  it('that is killed and comes back with its data has lost nothing that was accepted', async () => {
    // Each write is on disk before it is answered: what "accepted" means is Redis's own setting.
    stage = await ClusterStage.open('--appendfsync', 'always')
    const [a, b] = await stage.start('a', 'b')
    const devices = await stage.devices(6)
    const away = stage.device('away')
    await away.start(a!.tcp)
    away.stop()
    for (const device of devices) expect(await stage.push(device)).toBe(true)
    for (let i = 0; i < 20; i++) expect(await stage.push(away)).toBe(true)
    await stage.redis.stop()
    await until(async () => (await statusOf(a!, '/readyz')) === 503, WAIT_MS_MAX)
    await until(async () => (await statusOf(b!, '/readyz')) === 503, WAIT_MS_MAX)
    expect(await stage.push(devices[0]!, a)).toBe(false)
    for (const node of [a!, b!]) {
      const own = (await stage.records(node)).find(({ http }) => http === node.url(''))
      expect(own?.state).toBe('fenced')
    }
    const status = await stage.cli('cluster', 'status', '--node', a!.url(''), '--json')
    expect(JSON.parse(status.stdout).nodes).toMatchObject([
      { state: 'fenced' },
      { state: 'fenced' },
    ])
    expect(await a!.push({ to: 'all', payload: 'still here' })).toMatchObject({ online: 3 })
    await until(() => devices.filter(({ receivedCount }) => receivedCount === 2).length === 3)
    expect(devices.every(({ isOnline }) => isOnline)).toBe(true)
    await stage.redis.start()
    await stage.untilReady()
    for (const device of devices) expect(await stage.push(device)).toBe(true)
    await untilSettled(devices)
    const back = stage.device('away')
    for (const payload of away.owed) back.owed.add(payload)
    await back.start(b!.tcp)
    await untilSettled([back])
    expect(devices.flatMap(({ byes }) => byes)).toEqual([])
  })

  it('that comes back without its data is filled again from the nodes, and pushes go on', async () => {
    stage = await ClusterStage.open()
    const [a, b] = await stage.start('a', 'b')
    const devices = await stage.devices(6)
    for (const device of devices) expect(await stage.push(device)).toBe(true)
    await untilSettled(devices)
    await stage.redis.stop()
    await until(async () => (await statusOf(a!, '/readyz')) === 503, WAIT_MS_MAX)
    await stage.redis.start({ empty: true })
    await stage.untilReady()
    for (const through of [a, b]) {
      for (const device of devices) {
        await until(() => stage!.push(device, through), WAIT_MS_MAX)
      }
    }
    await untilSettled(devices)
    expect(devices.every(({ isOnline }) => isOnline)).toBe(true)
  })

  it('that is slow makes pushes slow, and loses none', async () => {
    stage = await ClusterStage.open()
    proxy = await RedisProxy.open(stage.redis.port)
    stage.url = proxy.url
    await stage.start('a', 'b')
    const devices = await stage.devices(6)
    // Each way: a round trip is 400 ms.
    proxy.delayMs = 200
    const accepted: boolean[] = []
    for (let round = 0; round < 3; round++) {
      accepted.push(...(await Promise.all(devices.map((device) => stage!.push(device)))))
    }
    expect(accepted).not.toContain(false)
    await untilSettled(devices)
    expect(devices.flatMap(({ byes }) => byes)).toEqual([])
  })

  it('that stands still loses no device; pushes are refused once the lease is over, and go on', async () => {
    stage = await ClusterStage.open()
    const [a, b] = await stage.start('a', 'b')
    const devices = await stage.devices(6)
    stage.redis.freeze()
    for (const node of [a!, b!]) {
      await until(async () => (await statusOf(node, '/readyz')) === 503, WAIT_MS_MAX)
    }
    const refusal = await a!.push({ to: ['device-0'], payload: 'x', qos: 1 })
    expect(refusal).toMatchObject({ status: 503, detail: expect.stringContaining('not answer') })
    expect(await a!.push({ to: 'all', payload: 'still here' })).toMatchObject({ online: 3 })
    stage.redis.thaw()
    await stage.untilReady()
    for (const device of devices) expect(await stage.push(device, b)).toBe(true)
    await untilSettled(devices)
    expect(devices.flatMap(({ byes }) => byes)).toEqual([])
    expect(devices.map(({ welcomes }) => welcomes)).toEqual(devices.map(() => 1))
  })

  it.each([
    [['--maxmemory-policy', 'allkeys-lru', '--maxmemory', '64mb'], 'noeviction'],
    [['--requirepass', 'a-secret-that-is-not-told'], 'PUSHCTL_CLUSTER_PASSWORD'],
  ])('with %j is refused at the start, with what to change', async (settings, expected) => {
    stage = await ClusterStage.open(...settings)
    const ports = ['--tcp', '127.0.0.1:0', '--ws', '127.0.0.1:0', '--http', '127.0.0.1:0']
    const node = new ServeProcess([...ports, ...stage.wordsOf('a')])
    const { status, stderr } = await node.ended
    expect(status).toBeGreaterThan(1)
    expect(stderr).toContain(expected)
    expect(stderr).not.toMatch(/\n {4}at /)
    const end = await stage.cluster('status')
    expect([end.status > 1, end.stderr]).toEqual([true, expect.stringContaining(expected)])
  })
})
