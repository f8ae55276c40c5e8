/**
 * Nodes of a cluster that die, are cut off, race for a device or are restarted, while stored pushes
 * go on. The books are those of the devices: what a node accepted must arrive.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BYE } from '../../src/protocol/frame-types.ts'
import { hasRedis } from '../cluster/redis-server.ts'
import { ClusterStage, STAGE_TEST_MS_MAX, WAIT_MS_MAX } from './fixtures/cluster-stage.ts'
import { RedisProxy } from './fixtures/redis-proxy.ts'
import { type RoamingDevice, untilSettled } from './fixtures/roaming-device.ts'
import { startPushing } from './fixtures/stored-pushing.ts'
import { ServeProcess, until } from './serve-process.ts'

const DEVICES = 20

let stage: ClusterStage

beforeEach(async () => {
  if (hasRedis) stage = await ClusterStage.open()
})

afterEach(async () => {
  if (hasRedis) await stage.close()
})

const untilOnline = (devices: readonly RoamingDevice[]) =>
  until(() => devices.every(({ isOnline }) => isOnline), WAIT_MS_MAX)

describe.skipIf(!hasRedis)('nodes of a cluster', { timeout: STAGE_TEST_MS_MAX }, () => {
  it('that die by kill -9 lose nothing: devices and what is stored for them go to others', async () => {
    await stage.start('a', 'b', 'c')
    const devices = await stage.devices(DEVICES)
    const pushing = startPushing(stage, devices)
    for (const victim of ['a', 'b']) {
      await pushing.more(200)
      await stage.kill(victim)
    }
    await pushing.more(200)
    await untilOnline(devices)
    await pushing.stop()
    await untilSettled(devices)
    expect(pushing.books.accepted).toBeGreaterThanOrEqual(600)
    await stage.untilSeen(1)
  })

  it('are restarted one after the other under pushes, and no accepted one is lost', async () => {
    await stage.start('a', 'b', 'c')
    const devices = await stage.devices(DEVICES)
    const pushing = startPushing(stage, devices)
    for (const name of ['a', 'b', 'c']) {
      await pushing.more(100)
      const node = stage.nodes.get(name)!
      stage.nodes.delete(name)
      node.child.kill('SIGTERM')
      expect((await node.ended).status).toBe(0)
      await stage.startNode(name)
      await stage.untilSeen(3)
    }
    await pushing.more(100)
    await untilOnline(devices)
    await pushing.stop()
    await untilSettled(devices)
    // Sent away by the node's end, or cut by it; nobody was told to stay away.
    expect(devices.filter(({ isFinal }) => isFinal)).toEqual([])
  })

  it('cut off from Redis keep their devices, refuse stored pushes, and are whole again', async () => {
    const proxy = await RedisProxy.open(stage.redis.port)
    try {
      const [a] = await stage.start('a')
      stage.url = proxy.url
      const b = await stage.startNode('b')
      await stage.untilSeen(2)
      const [here, there] = [stage.device('here'), stage.device('there')]
      await here.start(b.tcp)
      await there.start(a!.tcp)
      proxy.cut()
      await until(async () => (await fetch(b.url('/readyz'))).status === 503, WAIT_MS_MAX)
      await until(async () => (await stage.records(a)).length === 1, WAIT_MS_MAX)
      const refusal = (await b.push({ to: ['here'], payload: 'x', qos: 1 })) as { status: number }
      expect(refusal.status).toBe(503)
      expect(await b.push({ to: ['here'], payload: 'now' })).toMatchObject({ online: 1 })
      await until(() => here.receivedCount === 1)
      expect([here.byes, here.isOnline]).toEqual([[], true])
      // Stored elsewhere meanwhile: it waits.
      expect(await stage.push(here, a)).toBe(true)
      proxy.mend()
      await stage.untilReady()
      await stage.untilSeen(2)
      await untilSettled([here, there])
      expect(await stage.push(there, b)).toBe(true)
      await untilSettled([here, there])
    } finally {
      proxy.close()
    }
  })

  it('cut off from Redis let go of a device that came back elsewhere meanwhile', async () => {
    const proxy = await RedisProxy.open(stage.redis.port)
    try {
      const [a] = await stage.start('a')
      stage.url = proxy.url
      const b = await stage.startNode('b')
      await stage.untilSeen(2)
      const old = stage.device('one')
      await old.start(b.tcp)
      proxy.cut()
      await until(async () => (await fetch(b.url('/readyz'))).status === 503, WAIT_MS_MAX)
      const fresh = stage.device('one')
      await fresh.start(a!.tcp)
      expect(await stage.push(fresh, a)).toBe(true)
      await untilSettled([fresh])
      proxy.mend()
      await until(() => old.isFinal, WAIT_MS_MAX)
      expect([old.byes, fresh.isOnline, fresh.byes]).toEqual([[BYE.REPLACED], true, []])
      await stage.untilReady()
      expect(await stage.push(fresh, b)).toBe(true)
      await untilSettled([fresh])
    } finally {
      proxy.close()
    }
  })

  it('to which one device comes at two at once keep one of it, which gets all', async () => {
    const [a, b] = await stage.start('a', 'b')
    for (let round = 0; round < 10; round++) {
      const twins = [stage.device(`twin-${round}`), stage.device(`twin-${round}`)]
      await Promise.all(twins.map((twin, i) => twin.start([a, b][i]!.tcp)))
      await until(() => twins.some(({ isFinal }) => isFinal), WAIT_MS_MAX)
      const [survivor] = twins.filter(({ isFinal }) => !isFinal)
      expect(twins.flatMap(({ byes }) => byes)).toEqual([BYE.REPLACED])
      for (const through of [a, b]) expect(await stage.push(survivor!, through)).toBe(true)
      await untilSettled([survivor!])
      expect(survivor!.isOnline).toBe(true)
    }
  })

  it('are refused under a name that another holds, and taken when it is gone', async () => {
    await stage.start('a')
    const ports = ['--tcp', '127.0.0.1:0', '--ws', '127.0.0.1:0', '--http', '127.0.0.1:0']
    const second = new ServeProcess([...ports, ...stage.wordsOf('a')])
    const { status, stderr } = await second.ended
    expect(status).toBeGreaterThan(1)
    expect(stderr).toMatch(/pushctl serve: .*\ba\b/)
    expect(stderr).toContain('--node-name')
    await stage.kill('a')
    // The lease of one that was killed has to end first.
    await until(async () => {
      const again = await stage.startNode('a').catch(() => null)
      return again !== null
    }, WAIT_MS_MAX)
    await stage.untilSeen(1)
  })
})
