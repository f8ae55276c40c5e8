/** Several real nodes of one shard each in this process, on a real Redis, with real devices. */
import { parseClusterAddress } from '../../../src/cluster/cluster-address.ts'
import type { PushOutcome, PushRequest, StoredPush } from '../../../src/server/node-control.ts'
import { ClusterMember } from '../../../src/server/cluster/cluster-member.ts'
import { PushNode } from '../../../src/server/push-node.ts'
import { DevicePeer } from '../device-peer.ts'
import { nodeOptions } from '../node-options.ts'
import { untilTrue } from '../node-stage.ts'

export interface ClusterNode {
  readonly name: string
  readonly node: PushNode
  readonly member: ClusterMember
  readonly told: string[]
}

export class ClusterStage {
  readonly nodes: ClusterNode[] = []
  readonly #url: string
  readonly #leaseMs: number
  readonly #peers: DevicePeer[] = []

  constructor(url: string, leaseMs = 5_000) {
    this.#url = url
    this.#leaseMs = leaseMs
  }

  async open(name: string, url = this.#url): Promise<ClusterNode> {
    const told: string[] = []
    const member = await ClusterMember.open({
      address: parseClusterAddress(url),
      prefix: 't',
      leaseMs: this.#leaseMs,
      nodeName: name,
      site: '',
      version: '0',
      advertised: { tcp: [], ws: [], http: '' },
      tell: (line) => told.push(line),
    })
    const node = new PushNode(nodeOptions({ name, shardCount: 1, engine: 'node', cluster: member }))
    const opened = { name, node, member, told }
    this.nodes.push(opened)
    await node.start()
    node.markReady('127.0.0.1:7002')
    return opened
  }

  /** All know each other. */
  async openAll(...names: string[]): Promise<ClusterNode[]> {
    const opened: ClusterNode[] = []
    for (const name of names) opened.push(await this.open(name))
    const isReady = ({ member }: ClusterNode) =>
      member.view.nodes().filter(({ state }) => state === 'ready').length === names.length
    await untilTrue(() => opened.every(isReady))
    return opened
  }

  async join(
    { node }: ClusterNode,
    deviceId: string,
    hello: Record<string, unknown> = {},
  ): Promise<DevicePeer> {
    const peer = await this.connect({ node } as ClusterNode)
    peer.send({ type: 'HELLO', deviceId, flags: 2, ...hello })
    await peer.until('WELCOME')
    return peer
  }

  /** Says nothing yet. */
  async connect({ node }: ClusterNode): Promise<DevicePeer> {
    const [tcp, ws] = node.listeners
    const peer = await DevicePeer.open('tcp', { tcpPort: tcp!.port, wsPort: ws!.port })
    this.#peers.push(peer)
    return peer
  }

  async close(): Promise<void> {
    for (const peer of this.#peers.splice(0)) peer.destroy()
    for (const { node } of this.nodes.splice(0)) await node.stop()
  }
}

export function push(
  { node }: ClusterNode,
  deviceIds: string[],
  text: string,
  more: Partial<PushRequest> = {},
): Promise<PushOutcome> {
  return node.push({ to: { kind: 'devices', deviceIds }, payload: Buffer.from(text), ...more })
}

export function store(
  through: ClusterNode,
  deviceIds: string[],
  text: string,
  id?: string,
): Promise<PushOutcome> {
  const stored: StoredPush = { ttlSeconds: 60, mode: 'DIRECT' }
  return push(through, deviceIds, text, { stored, ...(id === undefined ? {} : { id }) })
}

export function textsOf(peer: DevicePeer): unknown[] {
  return peer.of('MSG').map(({ payload }) => payload)
}
