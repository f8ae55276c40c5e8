/** The list of nodes for those outside: the verbs that look at a cluster. Changes nothing. */
import {
  addressName,
  type ClusterAddress,
  parseClusterAddress,
  type RedisCredentials,
} from './cluster-address.ts'
import { KeyNames } from './key-names.ts'
import { recordsOf } from './membership.ts'
import type { NodeRecord } from './node-record.ts'
import { RedisLink } from './redis-link.ts'
import { checkServers } from './start-checks.ts'

export interface ClusterReader {
  /** Where it reads, without password. */
  readonly name: string
  /** Nodes whose lease holds, by the clock of Redis; sorted by name. */
  nodes(): Promise<readonly NodeRecord[]>
  nowMs(): Promise<number>
  close(): Promise<void>
}

export interface ClusterReaderOptions {
  readonly url: string
  readonly prefix: string
  readonly credentials?: RedisCredentials
}

/** Throws PUSHCTL_CONFIG, PUSHCTL_CLUSTER_UNREACHABLE or PUSHCTL_CLUSTER_REFUSED. */
export async function openClusterReader(options: ClusterReaderOptions): Promise<ClusterReader> {
  const address: ClusterAddress = parseClusterAddress(options.url, options.credentials)
  const link = await RedisLink.open(address, 'pushctl-reader')
  try {
    checkServers(await link.serverTexts(), link.isPartitioned, link.name)
  } catch (error) {
    await link.close()
    throw error
  }
  const { nodes } = new KeyNames(options.prefix)
  const nowMs = async () => {
    const [seconds, micros] = (await link.command('time')) as [string, string]
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
  }
  return {
    name: addressName(address),
    nowMs,
    async nodes() {
      const [pairs, now] = await Promise.all([link.hash(nodes), nowMs()])
      return recordsOf(pairs)
        .filter(({ expiresMs }) => expiresMs > now)
        .map(({ record }) => record)
        .sort((one, other) => (one.name < other.name ? -1 : 1))
    },
    close: () => link.close(),
  }
}
