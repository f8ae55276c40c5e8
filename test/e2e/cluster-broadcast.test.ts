/** Broadcasts and pushes of `pushctl cluster` while nodes die, on real nodes and a real Redis. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hasRedis } from '../cluster/redis-server.ts'
import { ClusterStage, STAGE_TEST_MS_MAX } from './fixtures/cluster-stage.ts'
import { until } from './serve-process.ts'

let stage: ClusterStage

beforeEach(async () => {
  if (hasRedis) stage = await ClusterStage.open()
})

afterEach(async () => {
  if (hasRedis) await stage.close()
})

/** Ten devices a second of each node get a broadcast. */
async function openPaced(...names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => stage.startNode(name, '--broadcast-rate', '10')))
  await stage.untilSeen(names.length)
}

describe.skipIf(!hasRedis)('pushctl cluster broadcast', { timeout: STAGE_TEST_MS_MAX }, () => {
  it('reaches every device once, though the node that took it is killed meanwhile', async () => {
    await openPaced('a', 'b', 'c')
    const devices = await stage.devices(45)
    const [a, b] = [stage.nodes.get('a')!, stage.nodes.get('b')!]
    const ofOthers = devices.filter(({ address }) => address !== a.tcp)
    const words = ['broadcast', '--qos', '1', '--node', a.url(''), '--json', 'hello']
    const end = await stage.cli('cluster', ...words)
    const { pushId, ...outcome } = JSON.parse(end.stdout)
    expect([end.status, outcome]).toMatchObject([0, { node: 'a', stored: 1, online: 45 }])
    await until(() => devices.some(({ broadcasts }) => broadcasts.has('hello')))
    await stage.kill('a')
    expect(devices.every(({ broadcasts }) => broadcasts.has('hello'))).toBe(false)
    await until(() => devices.every(({ broadcasts }) => broadcasts.has('hello')))
    expect(devices.map(({ broadcasts }) => broadcasts.get('hello'))).toEqual(devices.map(() => 1))
    const receipt = async () => (await fetch(b.url(`/v1/push/${pushId}`))).json()
    // What the dead node had counted and not told yet is missing.
    await until(async () => ((await receipt()) as { acked: number }).acked >= ofOthers.length)
    const { online, sent, acked } = (await receipt()) as Record<string, number>
    expect(online).toBe(45)
    expect(Math.max(sent!, acked!)).toBeLessThanOrEqual(45)
  })

  it('waits until it went to all that were online, also where a node is gone already', async () => {
    await openPaced('a', 'b')
    const devices = await stage.devices(6)
    await stage.kill('a')
    // The lease of the dead node still holds.
    const end = await stage.cluster('broadcast', '--qos', '1', '--wait', 'hello')
    expect([end.status, end.document.node]).toEqual([0, 'b'])
    await until(() => devices.every(({ broadcasts }) => broadcasts.get('hello') === 1))
    const push = await stage.cluster('push', 'device-0', '--qos', '1', '--wait', 'one')
    expect([push.status, push.document]).toMatchObject([0, { node: 'b', stored: 1, acked: 1 }])
    await stage.cluster('broadcast', 'two')
    await until(() => devices[0]!.receivedCount === 2)
  })
})
