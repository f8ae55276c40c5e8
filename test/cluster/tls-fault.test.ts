import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parseClusterAddress, type RedisTls } from '../../src/cluster/cluster-address.ts'
import { RedisLink } from '../../src/cluster/redis-link.ts'
import { tlsFaultOf } from '../../src/cluster/tls-fault.ts'
import type { PushctlError } from '../../src/errors/pushctl-error.ts'
import { freePort, type RunningRedis, startRedis } from './redis-server.ts'
import { hasTls, NO_TLS, TestAuthority } from './redis-tls.ts'

let authority: TestAuthority
let redis: RunningRedis | undefined

beforeAll(() => {
  if (!hasTls) return
  authority = new TestAuthority()
  authority.issue('server', 'IP:127.0.0.1')
  authority.issue('elsewhere', 'DNS:redis.example')
  authority.issue('client', 'DNS:node')
})

afterEach(async () => {
  await redis?.remove()
  redis = undefined
})

afterAll(() => authority?.remove())

const open = (url: string, tls: RedisTls = {}) =>
  RedisLink.open(parseClusterAddress(url, { password: '', tls }), 'test')

/** What the error says, and what it tells to try first. */
async function refusalOf(url: string, tls: RedisTls = {}): Promise<[string, string]> {
  const error = await open(url, tls).then(
    () => null,
    (cause: PushctlError) => cause,
  )
  expect(error).toMatchObject({ code: 'PUSHCTL_CLUSTER_REFUSED' })
  const text = error!.message.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
  return [text, error!.tries[0]!.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')]
}

const clientTls = () => {
  return { cert: authority.text('client.pem'), key: authority.text('client.key') }
}

describe.skipIf(!hasTls)(`a Redis with TLS${hasTls ? '' : ` (${NO_TLS})`}`, () => {
  it('is used where its certificate is trusted and ours is taken', async () => {
    redis = await authority.startRedis('server')
    const link = await open(redis.url, { ca: authority.text('ca.pem'), ...clientTls() })
    expect(await link.command('ping')).toBe('PONG')
    const heard = new Promise(
      (resolve) =>
        void link.subscribe('t', resolve).then(() => link.publish('t', Buffer.from('x'))),
    )
    expect(String(await heard)).toBe('x')
    await link.close()
  })

  it('is refused where nobody who is trusted has signed its certificate', async () => {
    redis = await authority.startRedis('server')
    for (const tls of [{}, { ca: authority.text('other-ca.pem') }]) {
      expect(await refusalOf(redis.url, { ...tls, ...clientTls() })).toEqual([
        'expected a certificate at rediss://HOST that somebody trusted has signed, ' +
          'got: self-signed certificate in certificate chain',
        '--cluster-ca-file FILE   (PEM of who signed it)',
      ])
    }
  })

  it('is refused where its certificate is for another host', async () => {
    redis = await authority.startRedis('elsewhere', '--tls-auth-clients', 'no')
    expect(await refusalOf(redis.url, { ca: authority.text('ca.pem') })).toEqual([
      'expected a certificate for 127.0.0.1 at rediss://HOST, got one for DNS:redis.example',
      'the host as the certificate names it',
    ])
  })

  it('is refused where it demands a certificate that we do not have, or signed by another', async () => {
    redis = await authority.startRedis('server')
    const ca = authority.text('ca.pem')
    expect(await refusalOf(redis.url, { ca })).toEqual([
      "expected the Redis at rediss://HOST to take this client's certificate, which is none, " +
        'got: tlsv13 alert certificate required',
      '--cluster-cert-file FILE --cluster-key-file FILE',
    ])
    const foreign = { cert: authority.text('other-ca.pem'), key: authority.text('other-ca.key') }
    const [message] = await refusalOf(redis.url, { ca, ...foreign })
    expect(message).toMatch(/which is one that it refuses, got: tlsv1 alert unknown ca/)
  })

  it('is not taken for one without, nor the other way round', async () => {
    redis = await authority.startRedis('server', '--tls-auth-clients', 'no')
    expect(await refusalOf(redis.url.replace('rediss', 'redis'))).toEqual([
      'expected a Redis without TLS at redis://HOST, got one with TLS',
      '--cluster rediss://HOST',
    ])
    await redis.remove()
    redis = await startRedis('--requirepass', 'x')
    const address = parseClusterAddress(redis.url.replace('redis', 'rediss'))
    expect(await tlsFaultOf(address, address.hosts[0]!)).toMatchObject({
      code: 'PUSHCTL_CLUSTER_REFUSED',
      message: `expected a Redis with TLS at rediss://127.0.0.1:${redis.port}, got one without`,
      tries: [`--cluster ${redis.url}`, 'tls-port in redis.conf'],
    })
  })

  it.each(['rediss+cluster', 'rediss+sentinel'])(
    'says as much of %s, of which ioredis tells only that none will do',
    async (scheme) => {
      redis = await authority.startRedis('server')
      const url = `${redis.url.replace('rediss', scheme)}${scheme.endsWith('l') ? '/main' : ''}`
      const [message, first] = await refusalOf(url, clientTls())
      expect([message, first]).toEqual([
        expect.stringContaining('self-signed certificate in certificate chain'),
        '--cluster-ca-file FILE   (PEM of who signed it)',
      ])
    },
  )

  it('is unreachable where nobody listens, with the command that asks it', async () => {
    const port = await freePort()
    for (const kind of ['rediss', 'redis+cluster', 'redis+sentinel']) {
      const url = `${kind}://127.0.0.1:${port}${kind.endsWith('l') ? '/main' : ''}`
      await expect(open(url)).rejects.toMatchObject({
        code: 'PUSHCTL_CLUSTER_UNREACHABLE',
        message: expect.stringContaining('ECONNREFUSED'),
        tries: [`redis-cli -h 127.0.0.1 -p ${port} ping`, '--cluster, where Redis is'],
      })
    }
  })
})
