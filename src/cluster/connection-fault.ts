/**
 * Why a Redis can not be used, where ioredis says only that it can not: the servers of the address
 * are asked once more, each on a bare connection, until one tells what is wrong. It costs a second
 * or two, on the way to an error.
 */
import type { Redis } from 'ioredis'
import type { PushctlError } from '../errors/pushctl-error.ts'
import { addressName, type ClusterAddress, type RedisHost } from './cluster-address.ts'
import { credentialsRefused, isRefusal, notThere, refused } from './cluster-error.ts'
import { serverOptions } from './redis-options.ts'
import { tlsFaultOf } from './tls-fault.ts'

/** @param cause what ioredis said; told where nothing better is found */
export async function faultOfConnection(
  address: ClusterAddress,
  cause: unknown,
): Promise<PushctlError> {
  const name = addressName(address)
  if (isRefusal(cause)) return credentialsRefused(name, cause)
  let first: PushctlError | null = null
  for (const host of address.hosts) {
    const fault = await faultOfHost(address, host)
    // Where one server is down, another one may know why none will do.
    if (fault !== null && fault.code !== 'PUSHCTL_CLUSTER_UNREACHABLE') return fault
    first ??= fault
  }
  return first ?? notThere(name, address.hosts[0], cause)
}

/** null where this server is as it should be. */
async function faultOfHost(address: ClusterAddress, host: RedisHost): Promise<PushctlError | null> {
  const { kind } = address
  const words =
    kind === 'sentinel'
      ? ['sentinel', 'get-master-addr-by-name', address.master]
      : kind === 'cluster'
        ? ['cluster', 'slots']
        : ['ping']
  // Without TLS the other end may take a while until it gives up.
  const tlsFault = address.tls === null ? null : await tlsFaultOf(address, host)
  if (tlsFault !== null) return tlsFault
  try {
    const answer = await ask(address, host, words)
    if (kind === 'cluster') return await stateFault(address, host)
    if (kind === 'single') return null
    if (!Array.isArray(answer)) return unknownMaster(address)
    const master = { host: String(answer[0]), port: Number(answer[1]) }
    return await faultOfHost({ ...address, kind: 'single', hosts: [master] }, master)
  } catch (cause) {
    const { message } = cause as Error
    const name = addressName(address)
    if (isRefusal(cause)) return credentialsRefused(name, cause)
    if (message.startsWith('ERR')) return wrongKind(address, host, message)
    const secure = address.tls === null ? await tlsFaultOf(address, host) : null
    return secure ?? notThere(name, host, cause)
  }
}

/** A Redis Cluster whose servers are there, and that has given itself up. */
async function stateFault(address: ClusterAddress, host: RedisHost): Promise<PushctlError | null> {
  const text = String(await ask(address, host, ['cluster', 'info']))
  if (!text.includes('cluster_state:fail')) return null
  const lost = /cluster_slots_ok:\d+/.exec(text)?.[0] ?? ''
  return notThere(addressName(address), host, new Error(`cluster_state:fail ${lost} of 16384`))
}

async function ask(
  address: ClusterAddress,
  { host, port }: RedisHost,
  [command, ...words]: readonly string[],
): Promise<unknown> {
  const { Redis } = await import('ioredis')
  // User and password are those of the servers; Sentinels are asked without.
  const asked = address.kind === 'sentinel' ? { ...address, username: '', password: '' } : address
  const client: Redis = new Redis({
    ...serverOptions(asked, 'pushctl-start'),
    ...{ host, port, retryStrategy: null, enableReadyCheck: false, enableOfflineQueue: false },
  })
  let first: unknown
  client.on('error', (cause) => (first ??= cause))
  try {
    await client.connect()
    return await client.call(command, ...words)
  } catch (cause) {
    throw first ?? cause
  } finally {
    client.disconnect()
  }
}

function unknownMaster(address: ClusterAddress): PushctlError {
  const { master } = address
  return refused(
    `expected Sentinels at ${addressName(address)} that watch "${master}", got none of that name`,
    ['redis-cli -p 26379 sentinel masters   (shows the names)'],
  )
}

/** It answers, but not to what only this kind of server knows. */
function wrongKind(address: ClusterAddress, { host, port }: RedisHost, got: string): PushctlError {
  const what = address.kind === 'sentinel' ? 'a Sentinel' : 'a member of a Redis Cluster'
  const single = addressName({ ...address, kind: 'single', master: '', hosts: [{ host, port }] })
  return refused(`expected ${what} at ${addressName(address)}, got: ${got}`, [
    `--cluster ${single}   (where it is a server by itself)`,
  ])
}
