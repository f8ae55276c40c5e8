/** A Redis Cluster of real servers on loopback, for tests. */
import { until } from '../e2e/serve-process.ts'
import { ask } from './redis-client.ts'
import { freePort, type RunningRedis, startRedis } from './redis-server.ts'

const SLOTS = 16_384
/** After so long without a word a server is taken for dead; a replica of it takes over then. */
const NODE_TIMEOUT_MS = 1_500

export interface RunningRedisCluster {
  readonly url: string
  /** In the order of their slots; each has the replica of its place, where there are any. */
  readonly masters: readonly RunningRedis[]
  readonly replicas: readonly RunningRedis[]
  remove(): Promise<void>
}

export interface RedisClusterOptions {
  readonly masters?: number
  readonly hasReplicas?: boolean
  readonly settings?: readonly string[]
  /** As startRedis(), for servers with TLS. */
  readonly start?: (...settings: string[]) => Promise<RunningRedis>
}

export async function startRedisCluster({
  masters: count = 3,
  hasReplicas = false,
  settings = [],
  start = startRedis,
}: RedisClusterOptions = {}): Promise<RunningRedisCluster> {
  const timeout = ['--cluster-node-timeout', String(NODE_TIMEOUT_MS)]
  const busPorts: number[] = []
  const servers: RunningRedis[] = []
  for (let i = 0; i < (hasReplicas ? 2 * count : count); i++) {
    // By itself it is 10,000 above the other one, which may be no port at all.
    busPorts.push(await freePort())
    const own = ['--cluster-enabled', 'yes', '--cluster-port', String(busPorts[i]), ...timeout]
    servers.push(await start(...own, ...settings))
  }
  const masters = servers.slice(0, count)
  const replicas = servers.slice(count)
  const [first] = masters as [RunningRedis]
  for (const [i, server] of servers.entries()) {
    await ask(server, 'cluster', 'set-config-epoch', i + 1)
    if (i < count) {
      const [from, to] = [i, i + 1].map((part) => Math.floor((part * SLOTS) / count))
      await ask(server, 'cluster', 'addslotsrange', from!, to! - 1)
    }
    if (i > 0) await ask(first, 'cluster', 'meet', '127.0.0.1', server.port, busPorts[i]!)
  }
  await untilAll(servers, `cluster_known_nodes:${servers.length}`)
  for (const [i, replica] of replicas.entries()) {
    await ask(replica, 'cluster', 'replicate', String(await ask(masters[i]!, 'cluster', 'myid')))
  }
  await untilAll(servers, 'cluster_state:ok')
  for (const replica of replicas) {
    await until(async () =>
      String(await ask(replica, 'info', 'replication')).includes('master_link_status:up'),
    )
  }
  const scheme = first.url.slice(0, first.url.indexOf(':'))
  const hosts = servers.map(({ port }) => `127.0.0.1:${port}`)
  return {
    url: `${scheme}+cluster://${hosts.join(',')}`,
    masters,
    replicas,
    async remove() {
      await Promise.all(servers.map((server) => server.remove()))
    },
  }
}

async function untilAll(servers: readonly RunningRedis[], line: string): Promise<void> {
  for (const server of servers) {
    await until(async () => String(await ask(server, 'cluster', 'info')).includes(line))
  }
}
