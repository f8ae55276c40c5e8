/**
 * What a node tells the cluster of itself, once a lease: who it is, where devices reach it, and how
 * full it is. Every decision over nodes (dispatch, drain, rollout, status) is made from these
 * alone.
 */
export type NodeState = 'ready' | 'draining' | 'fenced'

export interface NodeRecord {
  /** Unique in the cluster: letters, digits, "-", "_", "."; at most 64. */
  readonly name: string
  /** Another one each start: tells two runs of one name apart. */
  readonly bootId: string
  readonly version: string
  /** Where the machine stands; "" where nobody said. */
  readonly site: string
  readonly state: NodeState
  /** Where devices connect, as written into BYE and dispatch: host:port and ws:// addresses. */
  readonly addresses: { readonly tcp: readonly string[]; readonly ws: readonly string[] }
  /** Base address of the HTTP API, for operators and other nodes. */
  readonly http: string
  /** Devices that it may hold at one time (--max-connections). */
  readonly devicesMax: number
  readonly devicesOnline: number
  /**
   * How full it is by what it is nearest to (docs/cluster.md#load): devices, memory, loop lag or
   * processors. From 1 on it takes no more.
   */
  readonly load: number
  /** Messages to devices per second, over the last lease interval. */
  readonly sentPerSecond: number
  readonly startedAtMs: number
  /** By the clock of Redis. */
  readonly seenAtMs: number
  /** null: none is under way. */
  readonly drain: { readonly devicesLeft: number; readonly perSecond: number } | null
}

/** The nodes whose lease holds, as last read; sorted by name. */
export interface ClusterView {
  readonly selfName: string
  nodes(): readonly NodeRecord[]
}
