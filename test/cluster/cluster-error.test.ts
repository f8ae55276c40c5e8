import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parseClusterAddress } from '../../src/cluster/cluster-address.ts'
import { ACL_RIGHTS } from '../../src/cluster/cluster-error.ts'
import { packageRoot } from '../../src/config/package-root.ts'
import { type ClusterNode, ClusterStage, store, textsOf } from '../server/cluster/cluster-stage.ts'
import { hasRedis, type RunningRedis, startRedis } from './redis-server.ts'

let redis: RunningRedis | undefined
let stage: ClusterStage | undefined

afterEach(async () => {
  await stage?.close()
  await redis?.remove()
})

describe.skipIf(!hasRedis)('the rights that an error names', () => {
  it('are all that nodes need of an ACL user, and those of the docs', async () => {
    redis = await startRedis()
    const rights = ACL_RIGHTS.replaceAll('PREFIX', 't').split(' ')
    const user = ['acl', 'setuser', 'u', 'on', '>pw', ...rights]
    spawnSync('redis-cli', ['-p', String(redis.port), ...user])
    const url = redis.url.replace('redis://', 'redis://u:pw@')
    expect(parseClusterAddress(url).username).toBe('u')
    stage = new ClusterStage(url)
    const [a, b] = (await stage.openAll('a', 'b')) as [ClusterNode, ClusterNode]
    const peer = await stage.join(a, 'd')
    await store(b, ['d'], 'stored', 'once')
    await peer.until('MSG')
    expect(textsOf(peer)).toEqual(['stored'])
    const log = spawnSync('redis-cli', ['-p', String(redis.port), 'acl', 'log'])
    expect(String(log.stdout).trim()).toBe('')
    const docs = readFileSync(join(packageRoot(), 'docs', 'cluster.md'), 'utf8')
    for (const right of ACL_RIGHTS.split(' ')) expect(docs).toContain(right)
  })
})
