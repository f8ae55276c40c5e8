/** The verbs of `pushctl cluster` on real nodes and a real redis-server, by the built CLI. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BYE } from '../../src/protocol/frame-types.ts'
import { hasRedis } from '../cluster/redis-server.ts'
import { ClusterStage, STAGE_TEST_MS_MAX } from './fixtures/cluster-stage.ts'
import { untilSettled } from './fixtures/roaming-device.ts'
import { until } from './serve-process.ts'

let stage: ClusterStage

beforeEach(async () => {
  if (hasRedis) stage = await ClusterStage.open()
})

afterEach(async () => {
  if (hasRedis) await stage.close()
})

/** As `host:port`: how many devices each node has. */
const countAt = (devices: readonly { address: string }[], tcp: string) =>
  devices.filter(({ address }) => address === tcp).length

describe.skipIf(!hasRedis)('pushctl cluster', { timeout: STAGE_TEST_MS_MAX }, () => {
  it('shows the nodes, found through Redis or through any of them', async () => {
    const [a] = await stage.start('a', 'b')
    await stage.devices(4)
    await until(async () => {
      const records = await stage.records()
      return records.reduce((sum, { devicesOnline }) => sum + devicesOnline, 0) === 4
    })
    const found = await stage.cluster('status')
    expect([found.status, found.stderr]).toEqual([0, ''])
    expect(found.document).toMatchObject({
      schema: 'pushctl.cluster/1',
      nodes: [
        { name: 'a', state: 'ready', devicesOnline: 2 },
        { name: 'b', state: 'ready', devicesOnline: 2 },
      ],
      total: { nodes: 2, ready: 2, devicesOnline: 4 },
    })
    const asked = await stage.cli('cluster', 'status', '--node', a!.url(''))
    expect(asked.stdout).toMatch(/^NODE +SITE +STATE[^]*\na +ready +2[^]*\nb +ready +2/)
    const top = await stage.cli('top', '--cluster', stage.url, '--once', '--json')
    expect(JSON.parse(top.stdout)).toMatchObject({
      nodes: [
        { name: 'a', devices: 2 },
        { name: 'b', devices: 2 },
      ],
    })
  })

  it('drains a node: its devices go to the others, and what is stored follows them', async () => {
    const [a, b, c] = await stage.start('a', 'b', 'c')
    const devices = Array.from({ length: 30 }, (_, i) => stage.device(`device-${i}`))
    for (const device of devices) await device.start(a!.tcp)
    const end = await stage.cluster('drain', 'a', '--rate', '100', '--to', 'b', '--to', 'c')
    expect([end.status, end.document]).toEqual([
      0,
      expect.objectContaining({ node: 'a', devices: 30, devicesLeft: 0, to: ['b', 'c'] }),
    ])
    await until(() => devices.every(({ isOnline }) => isOnline))
    expect(devices.flatMap(({ byes }) => byes)).toEqual(devices.map(() => BYE.DRAIN))
    expect([countAt(devices, b!.tcp), countAt(devices, c!.tcp)]).toEqual([15, 15])
    for (const device of devices) expect(await stage.push(device, b)).toBe(true)
    await untilSettled(devices)
    const { nodes } = (await stage.cluster('status')).document
    expect(nodes[0]).toMatchObject({ name: 'a', state: 'draining' })
  })

  it('takes a drain back: who is left stays, and others may come', async () => {
    const [a, b] = await stage.start('a', 'b')
    const devices = Array.from({ length: 30 }, (_, i) => stage.device(`device-${i}`))
    for (const device of devices) await device.start(a!.tcp)
    const draining = stage.cluster('drain', 'a', '--rate', '10')
    await until(() => devices.some(({ byes }) => byes.length > 0))
    const back = await stage.cluster('undrain', 'a')
    const left = back.document.devices
    expect([back.status, left > 0 && left < 30]).toEqual([0, true])
    const end = await draining
    expect([end.status, end.stderr]).toEqual([4, expect.stringContaining('was taken back')])
    await until(() => devices.every(({ isOnline }) => isOnline))
    expect(countAt(devices, a!.tcp)).toBe(left)
    await until(async () => (await stage.records(b)).every(({ state }) => state === 'ready'))
    const late = stage.device('late')
    await late.start(a!.tcp)
    expect([late.address, late.byes]).toEqual([a!.tcp, []])
  })

  it('evens devices out, and leaves those alone that are where they should be', async () => {
    const [a, b] = await stage.start('a', 'b')
    const devices = Array.from({ length: 20 }, (_, i) => stage.device(`device-${i}`))
    for (const device of devices) await device.start(a!.tcp)
    await until(async () => (await stage.records())[0]!.devicesOnline === 20)
    const end = await stage.cluster('rebalance', '--rate', '0', '--max-skew', '10')
    expect([end.status, end.document.moves]).toEqual([
      0,
      [expect.objectContaining({ from: 'a', to: 'b', planned: 10, moved: 10 })],
    ])
    await until(() => devices.every(({ isOnline }) => isOnline))
    expect([countAt(devices, a!.tcp), countAt(devices, b!.tcp)]).toEqual([10, 10])
    expect(devices.flatMap(({ byes }) => byes)).toEqual(Array(10).fill(BYE.REBALANCE))
    await until(async () => {
      const records = await stage.records()
      return records.every(({ devicesOnline }) => devicesOnline === 10)
    })
    expect((await stage.cluster('rebalance', '--rate', '0')).document.moves).toEqual([])
  })

  it('pushes to, broadcasts to and kicks devices of another node', async () => {
    const [a, b] = await stage.start('a', 'b')
    const [one, two] = [stage.device('one'), stage.device('two')]
    await one.start(a!.tcp)
    await two.start(b!.tcp)
    const place = ['--node', b!.url('')]
    const push = await stage.cli('push', '--to', 'one', '--qos', '1', '--wait', ...place, 'hello')
    expect([push.status, push.stdout]).toEqual([0, 'acked by 1 of 1\n'])
    await stage.cli('push', '--all', '--cluster', stage.url, 'to all')
    await until(() => one.receivedCount === 2 && two.receivedCount === 1)
    const kick = await stage.cluster('kick', 'one', 'nobody')
    expect(kick.document.devices).toEqual([
      { device: 'one', kicked: true },
      { device: 'nobody', kicked: false },
    ])
    expect(kick.status).toBe(4)
    await until(() => one.isFinal)
    expect([one.byes, two.isOnline]).toEqual([[BYE.KICKED], true])
  })
})
