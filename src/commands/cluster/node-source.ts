/**
 * Where the cluster verbs read the nodes from: the leases in Redis, or any node over HTTP. A node
 * may be the very one that is restarted, so once the list is known the others are asked too.
 */
import type { RedisCredentials } from '../../cluster/cluster-address.ts'
import type { NodeRecord } from '../../cluster/node-record.ts'
import { nearestName } from '../../config/nearest.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { readNodeRecords } from './node-record-reading.ts'
import { askNode, type NodeAccess } from './node-requests.ts'

export interface NodeSource {
  /** The nodes whose lease holds, by name. */
  read(): Promise<readonly NodeRecord[]>
  close(): Promise<void>
}

export interface NodeSourceSettings {
  /** redis://…; undefined: ask nodes. */
  readonly cluster: string | undefined
  readonly prefix: string
  readonly credentials: RedisCredentials
  /** HTTP address of any node. */
  readonly node: string
}

/** Fails with PUSHCTL_CLUSTER_… where Redis cannot be used. */
export async function openNodeSource(
  settings: NodeSourceSettings,
  access: NodeAccess,
): Promise<NodeSource> {
  const { cluster: url, prefix, credentials } = settings
  if (url === undefined) return new HttpNodeSource(settings.node, access)
  const { openClusterReader } = await import('../../cluster/cluster-reader.ts')
  const reader = await openClusterReader({ url, prefix, credentials })
  return { read: () => reader.nodes(), close: async () => reader.close() }
}

/** Of a node that is in none, and of one that is too old to know of any. */
const NO_CLUSTER = [422, 404]

class HttpNodeSource implements NodeSource {
  readonly #access: NodeAccess
  #urls: readonly string[]

  constructor(url: string, access: NodeAccess) {
    this.#urls = [url]
    this.#access = access
  }

  async read(): Promise<readonly NodeRecord[]> {
    let failure: unknown = null
    for (const url of this.#urls) {
      try {
        const records = await this.#ask(url)
        const others = records.map(({ http }) => http).filter((http) => http !== url)
        this.#urls = [url, ...others]
        return records
      } catch (error) {
        if (this.#access.signal.aborted) throw error
        failure ??= error
      }
    }
    throw failure
  }

  async close(): Promise<void> {}

  /** What a fenced node knows of others is as old as its lease: each is asked for itself. */
  async #ask(url: string): Promise<readonly NodeRecord[]> {
    const { self, records } = await this.#list(url)
    if (records.find(({ name }) => name === self)?.state !== 'fenced') return records
    return Promise.all(
      records.map((record) => (record.name === self ? record : this.#ofItself(record))),
    )
  }

  /** As it was where it does not answer. */
  async #ofItself(record: NodeRecord): Promise<NodeRecord> {
    const answer = await this.#list(record.http).catch(() => null)
    this.#access.signal.throwIfAborted()
    return answer?.records.find(({ name }) => name === record.name) ?? record
  }

  async #list(url: string): Promise<{ self: unknown; records: readonly NodeRecord[] }> {
    const { status, document } = await askNode(
      this.#access,
      ['GET', url, '/v1/cluster'],
      null,
      NO_CLUSTER,
    )
    if (NO_CLUSTER.includes(status)) {
      const message = `${url} must be a node of a cluster, got one that runs by itself`
      throw new PushctlError('PUSHCTL_TARGET_REFUSED', message, {
        tries: ['pushctl serve --cluster redis://HOST', 'pushctl top, for nodes without a cluster'],
      })
    }
    const records = readNodeRecords(document)
    if (records !== null) return { self: document['self'], records }
    const message = `${url} must answer with nodes as pushctl writes them, got something else`
    throw new PushctlError('PUSHCTL_TARGET_PROTOCOL', message)
  }
}

/** The node of that name. Throws PUSHCTL_CONFIG, naming those that there are. */
export function nodeNamed(nodes: readonly NodeRecord[], name: string): NodeRecord {
  const found = nodes.find((node) => node.name === name)
  if (found !== undefined) return found
  const names = nodes.map((node) => node.name)
  const nearest = nearestName(name, names)
  const known = names.length === 0 ? 'no node holds a lease' : `the nodes are ${names.join(', ')}`
  throw new PushctlError(
    'PUSHCTL_CONFIG',
    `there must be a node "${name.slice(0, 64)}": ${known}`,
    {
      tries: nearest === null ? ['pushctl cluster status'] : [nearest],
    },
  )
}
