/** Nodes and verbs over TLS, as an ACL user whose password is in a file, by the built command. */
import { chmodSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { ACL_RIGHTS } from '../../src/cluster/cluster-error.ts'
import { ask } from '../cluster/redis-client.ts'
import type { RunningRedis } from '../cluster/redis-server.ts'
import { hasTls, NO_TLS, TestAuthority } from '../cluster/redis-tls.ts'
import { ClusterStage, STAGE_TEST_MS_MAX } from './fixtures/cluster-stage.ts'
import { untilSettled } from './fixtures/roaming-device.ts'

let stage: ClusterStage | undefined
let authority: TestAuthority | undefined
let redis: RunningRedis | undefined

afterEach(async () => {
  await stage?.close()
  await redis?.remove()
  authority?.remove()
})

describe.skipIf(!hasTls)(
  `a Redis with TLS${hasTls ? '' : ` (${NO_TLS})`}`,
  { timeout: STAGE_TEST_MS_MAX },
  () => {
    it('carries a cluster for a user with the rights of the docs, and tells nobody its password', async () => {
      const ca = (authority = new TestAuthority())
      ca.issue('server', 'IP:127.0.0.1')
      ca.issue('client', 'DNS:node')
      redis = await ca.startRedis('server', '--requirepass', 'of-the-admin')
      const rights = ACL_RIGHTS.replaceAll('PREFIX', 'pushctl').split(' ')
      const admin = { ...redis, tls: redis.tls!, password: 'of-the-admin' }
      await ask(admin, 'acl', 'setuser', 'node', 'on', '>of-the-node', '-@all', ...rights)
      writeFileSync(ca.file('password'), 'of-the-node\n')
      for (const secret of ['password', 'client.key']) chmodSync(ca.file(secret), 0o600)
      const files = ['--cluster-ca-file', ca.file('ca.pem'), '--cluster-cert-file']
      const pair = [ca.file('client.pem'), '--cluster-key-file', ca.file('client.key')]
      const words = [...files, ...pair, '--cluster-password-file', ca.file('password')]
      stage = await ClusterStage.open()
      stage.url = redis.url.replace('//', '//node@')
      for (const name of ['a', 'b']) await stage.startNode(name, ...words)
      await stage.untilSeen(2)
      const devices = await stage.devices(4)
      for (const device of devices) expect(await stage.push(device)).toBe(true)
      await untilSettled(devices)
      const { status, document } = await stage.cluster('status', ...words)
      expect([status, document.total]).toEqual([0, expect.objectContaining({ ready: 2 })])
      const wrong = await stage.cluster('status', ...words.slice(2))
      expect([wrong.status, wrong.stderr]).toEqual([
        4,
        expect.stringContaining('--cluster-ca-file FILE   (PEM of who signed it)'),
      ])
      expect(await ask(admin, 'acl', 'log')).toEqual([])
      const said = stage.live.map(({ stdout, stderr }) => stdout + stderr).join()
      expect(said).not.toContain('of-the-node')
    })
  },
)
