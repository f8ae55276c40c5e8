import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hasRedis, NO_REDIS, type RunningRedis, startRedis } from '../../cluster/redis-server.ts'
import { untilTrue } from '../node-stage.ts'
import { type ClusterNode, ClusterStage } from './cluster-stage.ts'

/** Nodes read the records of others every quarter of an hour, unless they are told to. */
const LEASE_MS = 3_600_000

let redis: RunningRedis
let stage: ClusterStage

beforeEach(async () => {
  if (!hasRedis) return
  redis = await startRedis()
  stage = new ClusterStage(redis.url, LEASE_MS)
})

afterEach(async () => {
  await stage?.close()
  await redis?.remove()
})

/** What `at` knows of the states of all. */
const statesAt = ({ member }: ClusterNode) =>
  member.view.nodes().map(({ name, state }) => `${name} ${state}`)

describe.skipIf(!hasRedis)(`a change of state${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('is known to all nodes at once: ready, draining, taken back, gone', async () => {
    const [a, b, c] = (await stage.openAll('a', 'b', 'c')) as [
      ClusterNode,
      ClusterNode,
      ClusterNode,
    ]
    const untilAll = (...states: string[]) =>
      untilTrue(() => [b, c].every((node) => statesAt(node).join() === states.join()))
    await untilAll('a ready', 'b ready', 'c ready')
    void a.node.drain(1)
    await untilAll('a draining', 'b ready', 'c ready')
    expect(a.node.undrain()).toBe(true)
    await untilAll('a ready', 'b ready', 'c ready')
    await a.node.stop()
    await untilAll('b ready', 'c ready')
  })
})
