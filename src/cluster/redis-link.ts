/**
 * The connection of a node to the Redis of its cluster: scripts, a channel to listen on, and
 * channels to send to. One interface over a single server, Sentinel and Redis Cluster; ioredis is
 * loaded only with --cluster.
 */
import type { Cluster, Redis } from 'ioredis'
import { addressName, type ClusterAddress } from './cluster-address.ts'
import { credentialsRefused, isRefusal, unreachable } from './cluster-error.ts'
import { faultOfConnection } from './connection-fault.ts'
import { CONNECT_MS_MAX, clusterOptions, RECONNECT_MS_MAX, redisOptions } from './redis-options.ts'
import type { RedisScript } from './redis-script.ts'

export type RedisValue = string | number | Buffer

export class RedisLink {
  /** Without user and password. */
  readonly name: string
  /** Redis Cluster: keys of several devices can not be in one script. */
  readonly isPartitioned: boolean
  /**
   * A server does not have a script that gives numbers: nobody has checked it. Where this is null
   * scripts are sent to whoever does not have them.
   */
  onNewServer: (() => void) | null = null
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
    const clients = new Set([client, listener])
    // Both: one that is closed amid its handshake has an error that nobody catches.
    const ends = await Promise.allSettled([...clients].map(connect))
    const failure = ends.find((end) => end.status === 'rejected')
    if (failure !== undefined) {
      await link.close()
      throw await faultOfConnection(address, failure.reason)
    }
    link.#isOpen = true
    return link
  }

  /** Answers of scripts are buffers, numbers and lists of them. Rejects with a PushctlError. */
  run(
    script: RedisScript,
    keys: readonly string[],
    values: readonly RedisValue[],
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...values]
    const client = this.#client
    const answer = client.callBuffer('evalsha', script.digest, ...rest).catch((cause) => {
      if (!String((cause as Error).message).startsWith('NOSCRIPT')) throw cause
      if (script.givesNumbers && this.onNewServer !== null) {
        this.onNewServer()
        throw new Error('a server of Redis is new, and nodes check their devices against it')
      }
      return client.callBuffer('eval', script.text, ...rest)
    })
    return this.#told(answer)
  }

  /** A plain command, answered as text. */
  command(name: string, ...words: RedisValue[]): Promise<unknown> {
    return this.#told(this.#client.call(name, ...words))
  }

  /** null where the key is not there. */
  bytes(key: string): Promise<Buffer | null> {
    return this.#told(this.#client.callBuffer('get', key)) as Promise<Buffer | null>
  }

  /** A plain command whose answer is lists of buffers. */
  lists(name: string, ...words: RedisValue[]): Promise<unknown> {
    return this.#told(this.#client.callBuffer(name, ...words))
  }

  /** Names and values of a hash in turn. */
  async hash(key: string): Promise<Buffer[]> {
    // ioredis makes an object of what HGETALL answers, in callBuffer() as well.
    const fields = (await this.lists('hgetall', key)) as Record<string, Buffer>
    return Object.entries(fields).flatMap(([name, value]) => [Buffer.from(name), value])
  }

  /** INFO of the server, or of each master of a Redis Cluster. */
  serverTexts(): Promise<readonly string[]> {
    return this.#told(Promise.all(this.#servers().map((server) => server.info())))
  }

  /** So that the first batches are not sent twice, and in turn. */
  async loadScripts(scripts: readonly RedisScript[]): Promise<void> {
    for (const server of this.#servers()) {
      await this.#told(Promise.all(scripts.map(({ text }) => server.script('LOAD', text))))
    }
  }

  /** True where every server has all of them. */
  async hasScripts(scripts: readonly RedisScript[]): Promise<boolean> {
    const digests = scripts.map(({ digest }) => digest)
    const asked = this.#servers().map((server) => server.script('EXISTS', ...digests))
    const answers = (await this.#told(Promise.all(asked))) as number[][]
    return answers.flat().every((known) => known === 1)
  }

  async subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void> {
    this.#listener.on('smessageBuffer', (from: Buffer, message: Buffer) => {
      if (from.toString() === channel) onMessage(message)
    })
    await this.resubscribe(channel)
  }

  /** Where it may have been lost on the way; harmless where it was not. */
  async resubscribe(channel: string): Promise<void> {
    await this.#told(this.#listener.ssubscribe(channel))
  }

  /** How many heard it: 0 or 1. */
  publish(channel: string, message: Buffer): Promise<number> {
    return this.#told(this.#client.spublish(channel, message)) as Promise<number>
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

  /** The server, or each master of a Redis Cluster. */
  #servers(): readonly Redis[] {
    const client = this.#client as Redis & Partial<Pick<Cluster, 'nodes'>>
    return typeof client.nodes === 'function' ? client.nodes('master') : [client]
  }

  /** Rejects with a PushctlError. */
  #told<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return answer.catch((cause) => {
      throw isRefusal(cause) ? credentialsRefused(this.name, cause) : unreachable(this.name, cause)
    })
  }
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
