/**
 * What ioredis is told for an address. Nothing is queued while Redis is away and nothing is sent
 * twice by itself: whoever asked is told at once, and decides.
 */
import type { ClusterOptions, RedisOptions } from 'ioredis'
import type { ClusterAddress } from './cluster-address.ts'

/** A command without an answer for so long is given up; it may have been carried out. */
const COMMAND_MS_MAX = 5_000
export const CONNECT_MS_MAX = 5_000
/** A connection on which nothing comes for so long is dead: lease and pulse come every second. */
const SILENCE_MS_MAX = 15_000
const RECONNECT_MS_MIN = 50
export const RECONNECT_MS_MAX = 1_000

/** Answers come as RESP2 has them; the types of ioredis want that said. */
type Plain<Options> = Options & { replyMapping: 'legacy' }

/** Of a single server, or of the master that Sentinel names. */
export function redisOptions(address: ClusterAddress, clientName: string): Plain<RedisOptions> {
  const { kind, hosts, master, db, tls } = address
  const place: RedisOptions =
    kind === 'sentinel'
      ? {
          sentinels: hosts.map((host) => ({ ...host })),
          name: master,
          sentinelRetryStrategy: reconnectMs,
          ...(tls === null ? {} : { enableTLSForSentinelMode: true, sentinelTLS: { ...tls } }),
        }
      : { ...hosts[0] }
  return {
    ...place,
    ...serverOptions(address, clientName),
    db,
    enableOfflineQueue: false,
    retryStrategy: reconnectMs,
    // A master that became a replica: ask Sentinel again.
    reconnectOnError: (cause) => cause.message.startsWith('READONLY'),
  }
}

export function clusterOptions(address: ClusterAddress, clientName: string) {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    shardedSubscribers: true,
    clusterRetryStrategy: reconnectMs,
    slotsRefreshTimeout: CONNECT_MS_MAX,
    redisOptions: serverOptions(address, clientName),
  } satisfies ClusterOptions
}

/** Of one server, whatever its part is. */
export function serverOptions(
  { tls, username, password }: ClusterAddress,
  clientName: string,
): Plain<RedisOptions> {
  return {
    ...(tls === null ? {} : { tls: { ...tls } }),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    connectionName: clientName,
    // An ACL user need not have the right to tell it.
    disableClientInfo: true,
    lazyConnect: true,
    protocol: 2,
    replyMapping: 'legacy',
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: COMMAND_MS_MAX,
    socketTimeout: SILENCE_MS_MAX,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  }
}

/** Forever, soon. */
function reconnectMs(tries: number): number {
  return Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** Math.min(tries, 10))
}
