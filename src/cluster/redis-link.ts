/**
 * The connection of a node to the Redis of its cluster: scripts, a channel to listen on, and
 * channels to send to. One interface over a single server, Sentinel and Redis Cluster; ioredis is
 * loaded only here, and only with --cluster. Nothing is queued while Redis is away and nothing is
 * sent twice by itself: whoever asked is told at once, and decides.
 */
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { addressName, type ClusterAddress } from './cluster-address.ts'
import { credentialsRefused, isRefusal, unreachable } from './cluster-error.ts'
import type { RedisScript } from './redis-script.ts'

/** A command without an answer for so long is given up; it may have been carried out. */
const COMMAND_MS_MAX = 5_000
const CONNECT_MS_MAX = 5_000
/** A connection on which nothing comes for so long is dead: lease and pulse come every second. */
const SILENCE_MS_MAX = 15_000
const RECONNECT_MS_MIN = 50
const RECONNECT_MS_MAX = 1_000

/** Answers come as RESP2 has them; the types of ioredis want that said. */
type Plain<Options> = Options & { replyMapping: 'legacy' }

export type RedisValue = string | number | Buffer

export class RedisLink {
  /** Without user and password. */
  readonly name: string
  /** Redis Cluster: keys of several devices can not be in one script. */
  readonly isPartitioned: boolean
  readonly #client: Redis | Cluster
  /** Where pub/sub is heard; the same client where that has subscribers of its own. */
  readonly #listener: Redis | Cluster
  #isClosed = false
  #isOpen = false

  private constructor(address: ClusterAddress, client: Redis | Cluster, listener: Redis | Cluster) {
    this.name = addressName(address)
    this.isPartitioned = address.kind === 'cluster'
    this.#client = client
    this.#listener = listener
    // Without a listener an 'error' event ends the process; commands tell what is wrong.
    client.on('error', () => {})
    listener.on('error', () => {})
    for (const each of new Set([client, listener])) each.on('end', () => this.#reopen(each))
  }

  /** Throws PUSHCTL_CLUSTER_UNREACHABLE or PUSHCTL_CLUSTER_REFUSED. */
  static async open(address: ClusterAddress, clientName: string): Promise<RedisLink> {
    const { Cluster, Redis } = await import('ioredis')
    const isPartitioned = address.kind === 'cluster'
    const client = isPartitioned
      ? new Cluster([...address.hosts], clusterOptions(address, clientName))
      : new Redis(redisOptions(address, clientName))
    const listener = isPartitioned ? client : new Redis(redisOptions(address, `${clientName}-sub`))
    const link = new RedisLink(address, client, listener)
    try {
      await Promise.all([connect(client), ...(listener === client ? [] : [connect(listener)])])
    } catch (cause) {
      await link.close()
      if (isRefusal(cause)) throw credentialsRefused(link.name, cause)
      throw unreachable(link.name, cause)
    }
    link.#isOpen = true
    return link
  }

  /** Answers of scripts are buffers, numbers and lists of them. Rejects with a PushctlError. */
  async run(
    script: RedisScript,
    keys: readonly string[],
    values: readonly RedisValue[],
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...values]
    try {
      return await this.#client.callBuffer('evalsha', script.digest, ...rest)
    } catch (cause) {
      if (!String((cause as Error).message).startsWith('NOSCRIPT')) throw this.#failure(cause)
    }
    try {
      return await this.#client.callBuffer('eval', script.text, ...rest)
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  /** A plain command, answered as text. */
  async command(name: string, ...words: RedisValue[]): Promise<unknown> {
    try {
      return await this.#client.call(name, ...words)
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  /** null where the key is not there. */
  async bytes(key: string): Promise<Buffer | null> {
    try {
      return (await this.#client.callBuffer('get', key)) as Buffer | null
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  /** A plain command whose answer is lists of buffers. */
  async lists(name: string, ...words: RedisValue[]): Promise<unknown> {
    try {
      return await this.#client.callBuffer(name, ...words)
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  /** Names and values of a hash in turn. */
  async hash(key: string): Promise<Buffer[]> {
    try {
      // ioredis makes an object of what HGETALL answers, in callBuffer() as well.
      const fields = (await this.#client.callBuffer('hgetall', key)) as Record<string, Buffer>
      return Object.entries(fields).flatMap(([name, value]) => [Buffer.from(name), value])
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  /** INFO of the server, or of each master of a Redis Cluster. */
  async serverTexts(): Promise<readonly string[]> {
    const client = this.#client as Redis & Partial<Pick<Cluster, 'nodes'>>
    const servers = typeof client.nodes === 'function' ? client.nodes('master') : [client]
    try {
      return await Promise.all(servers.map((server) => server.info()))
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  /** So that the first batches are not sent twice, and in turn. */
  async loadScripts(scripts: readonly RedisScript[]): Promise<void> {
    const client = this.#client as Redis & Partial<Pick<Cluster, 'nodes'>>
    const servers = typeof client.nodes === 'function' ? client.nodes('master') : [client]
    try {
      for (const server of servers) {
        await Promise.all(scripts.map(({ text }) => server.script('LOAD', text)))
      }
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  async subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void> {
    this.#listener.on('smessageBuffer', (from: Buffer, message: Buffer) => {
      if (from.toString() === channel) onMessage(message)
    })
    await this.resubscribe(channel)
  }

  /** Where it may have been lost on the way; harmless where it was not. */
  async resubscribe(channel: string): Promise<void> {
    try {
      await this.#listener.ssubscribe(channel)
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  /** How many heard it: 0 or 1. */
  async publish(channel: string, message: Buffer): Promise<number> {
    try {
      return (await this.#client.spublish(channel, message)) as number
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  /** Called each time that the connection stands again. */
  onReconnect(callback: () => void): void {
    this.#client.on('ready', callback)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#client.disconnect()
    if (this.#listener !== this.#client) this.#listener.disconnect()
  }

  /** ioredis gives up for good where a failover comes while it connects; a node does not. */
  #reopen(client: Redis | Cluster): void {
    if (this.#isClosed || !this.#isOpen) return
    setTimeout(() => {
      if (!this.#isClosed && client.status === 'end') client.connect().catch(() => {})
    }, RECONNECT_MS_MAX).unref()
  }

  #failure(cause: unknown): Error {
    return isRefusal(cause) ? credentialsRefused(this.name, cause) : unreachable(this.name, cause)
  }
}

function redisOptions(address: ClusterAddress, connectionName: string): Plain<RedisOptions> {
  const { kind, hosts, master, db, tls } = address
  const place: RedisOptions =
    kind === 'sentinel'
      ? {
          sentinels: hosts.map((host) => ({ ...host })),
          name: master,
          sentinelRetryStrategy: reconnectMs,
          ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
        }
      : { ...hosts[0] }
  return {
    ...place,
    ...serverOptions(address, connectionName),
    db,
    replyMapping: 'legacy',
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: reconnectMs,
    // A master that became a replica: ask Sentinel again.
    reconnectOnError: (cause) => cause.message.startsWith('READONLY'),
  }
}

function clusterOptions(address: ClusterAddress, connectionName: string) {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    shardedSubscribers: true,
    clusterRetryStrategy: reconnectMs,
    slotsRefreshTimeout: CONNECT_MS_MAX,
    redisOptions: {
      ...serverOptions(address, connectionName),
      maxRetriesPerRequest: 0,
      replyMapping: 'legacy' as const,
    },
  }
}

function serverOptions({ tls, username, password }: ClusterAddress, connectionName: string) {
  return {
    ...(tls ? { tls: {} } : {}),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    connectionName,
    lazyConnect: true,
    protocol: 2 as const,
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: COMMAND_MS_MAX,
    socketTimeout: SILENCE_MS_MAX,
    autoResendUnfulfilledCommands: false,
  }
}

/** Forever, soon. */
function reconnectMs(tries: number): number {
  return Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** Math.min(tries, 10))
}

/**
 * ioredis retries by itself; the start of a node must not wait for that: the first failure counts.
 */
async function connect(client: Redis | Cluster): Promise<void> {
  let first: unknown
  client.once('error', (cause) => (first = cause))
  const waiting = client.connect().then(async () => {
    // A wrong password is told with the first command only.
    await client.call('ping')
  })
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(first ?? new Error('no answer in time')), CONNECT_MS_MAX)
  })
  const failed = new Promise<never>((_resolve, reject) => client.once('error', reject))
  failed.catch(() => {})
  limit.catch(() => {})
  try {
    await Promise.race([waiting, limit, failed])
  } catch (cause) {
    waiting.catch(() => {})
    throw first ?? cause
  } finally {
    clearTimeout(timer)
  }
}
