/**
 * What goes between this node and the others while it runs: admissions, pushes, what others ask,
 * and what they tell. Made of the parts beside it; here they are joined to each other and to the
 * node.
 */
import { BroadcastStream } from '../../cluster/broadcast-stream.ts'
import { unreachable } from '../../cluster/cluster-error.ts'
import type { DeviceRegistry } from '../../cluster/device-registry.ts'
import type { HopDevice, HopHandler } from '../../cluster/hop-frames.ts'
import type { KeyNames } from '../../cluster/key-names.ts'
import type { Membership } from '../../cluster/membership.ts'
import { type NodeChannels, UNANSWERED } from '../../cluster/node-channels.ts'
import type { NodeRecord } from '../../cluster/node-record.ts'
import type { RedisLink } from '../../cluster/redis-link.ts'
import { BYE } from '../../protocol/frame-types.ts'
import type { BroadcastLog } from '../broadcast/broadcast-log.ts'
import type { Directory } from '../directory.ts'
import type { RemoteInbox } from '../inbox/remote-inbox.ts'
import type { DeviceHash } from '../inbox/node-inbox.ts'
import type { PushReceipt } from '../inbox/push-receipts.ts'
import type { DeviceState, PushOutcome, StoredPush } from '../node-control.ts'
import type { RunningShard } from '../shard-group.ts'
import { ClusterLog, type LogQuestion } from './cluster-log.ts'
import { ClusterAudit } from './cluster-audit.ts'
import { ClusterPushes } from './cluster-pushes.ts'
import { ClusterReceipts } from './cluster-receipts.ts'
import { ClusterSessions } from './cluster-sessions.ts'

/** What the cluster needs of the node. */
export interface ClusterHost {
  readonly directory: Directory
  readonly inbox: RemoteInbox
  readonly log: BroadcastLog
  readonly shards: readonly RunningShard[]
  readonly rowsPerShard: number
  describeForCluster(): HostRecord
  findDevice(deviceId: string): Promise<DeviceState | null>
  /** QoS 0, to the devices of this node; how many. */
  broadcast(tag: string | null, payload: Uint8Array): Promise<number>
}

export type HostRecord = Pick<
  NodeRecord,
  | 'addresses'
  | 'http'
  | 'state'
  | 'devicesMax'
  | 'devicesOnline'
  | 'load'
  | 'sentPerSecond'
  | 'startedAtMs'
  | 'drain'
>

export interface ClusterTrafficParts {
  readonly host: ClusterHost
  readonly link: RedisLink
  readonly keys: KeyNames
  readonly registry: DeviceRegistry
  readonly membership: Membership
  readonly channels: NodeChannels
  readonly fencedBy: () => string
}

/** The state of a node has changed, or it left: its record says how. */
interface NodeNews {
  readonly kind: 'nodes'
}

type Question =
  | { readonly kind: 'device'; readonly id: string }
  | { readonly kind: 'broadcast'; readonly tag: string | null }
  | NodeNews
  | LogQuestion

export class ClusterTraffic implements Omit<HopHandler, 'onPulse' | 'onAnswer'> {
  readonly host: ClusterHost
  readonly sessions: ClusterSessions
  readonly pushes: ClusterPushes
  readonly receipts: ClusterReceipts
  readonly log: ClusterLog
  readonly #parts: ClusterTrafficParts
  readonly #audit: ClusterAudit

  constructor(parts: ClusterTrafficParts) {
    this.#parts = parts
    this.host = parts.host
    const { registry, membership, channels, host, fencedBy, link, keys } = parts
    const { directory, inbox, shards, rowsPerShard } = host
    const catchUp = (hash: string, high: number, low: number) =>
      this.#audit.catchUp(hash, high, low)
    this.sessions = new ClusterSessions({
      ...{ registry, membership, channels, directory, inbox, shards, rowsPerShard, catchUp },
      isServing: () => fencedBy() === '',
    })
    this.receipts = new ClusterReceipts(link, keys, registry, membership)
    this.pushes = new ClusterPushes({
      ...{ name: link.name, registry, membership, channels, inbox, catchUp },
      ...{ sessions: this.sessions, receipts: this.receipts, refusal: fencedBy },
    })
    const { sessions } = this
    const stream = new BroadcastStream(link, keys)
    this.log = new ClusterLog(stream, membership, channels, host.log)
    this.#audit = new ClusterAudit({ registry, directory, inbox, sessions })
  }

  async start(): Promise<void> {
    await this.log.start()
    this.#audit.start()
  }

  stop(): void {
    this.#audit.stop()
    this.log.stop()
  }

  /** True where Redis answered for every device. */
  async checkAll(): Promise<boolean> {
    const isRead = this.log.readOn().then(
      () => true,
      () => false,
    )
    return (await this.#audit.all()) && (await isRead)
  }

  /** With each renewal of the lease. */
  onNodes(hasLostNode: boolean): void {
    this.sessions.early.prune(performance.now())
    // Others may have told this node something in vain, or have died before they told it.
    if (!this.#parts.channels.pulse() || hasLostNode) void this.checkAll()
  }

  /** What became of a push, through whichever node it came. */
  async receipt(pushId: string): Promise<PushReceipt | null> {
    return (await this.log.receipt(pushId)) ?? this.receipts.find(pushId)
  }

  /** Closes the device wherever it is; false where it is nowhere. */
  async kickElsewhere(device: DeviceHash): Promise<boolean> {
    const { membership, channels } = this.#parts
    const { high, low } = device
    const [place] = await this.pushes.where([{ high, low }])
    const name = place ? membership.nameOf(place.node) : undefined
    if (!place || name === undefined) return false
    channels.to(name).addClose({ high, low, session: place.session }, BYE.KICKED)
    return true
  }

  async findElsewhere(device: DeviceHash, id: string): Promise<DeviceState | null> {
    const { membership, channels } = this.#parts
    const { high, low } = device
    const [place] = await this.pushes.where([{ high, low }])
    if (!place || place.node === membership.number) return null
    const name = membership.nameOf(place.node)
    if (name === undefined) return null
    const question: Question = { kind: 'device', id }
    return (await channels.ask(name, question)) as DeviceState | null
  }

  /** Stored once for all nodes; rejects with PUSHCTL_CLUSTER_UNREACHABLE. */
  broadcast(
    tag: string | null,
    payload: Uint8Array,
    stored: StoredPush,
    onceId: string | undefined,
  ): Promise<PushOutcome> {
    const refusal = this.#parts.fencedBy()
    if (refusal !== '') throw unreachable(this.#parts.link.name, new Error(refusal))
    return this.log.push(tag, payload, stored, onceId)
  }

  /** QoS 0 to the devices of all other nodes; how many. */
  async broadcastElsewhere(tag: string | null, payload: Uint8Array): Promise<number> {
    const { membership, channels } = this.#parts
    const question: Question = { kind: 'broadcast', tag }
    const asked = membership
      .nodes()
      .filter(({ name }) => name !== membership.selfName)
      .map(({ name }) => channels.ask(name, question, payload))
    const counts = (await Promise.all(asked)) as (number | null)[]
    return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  }

  /**
   * What others know of a node is as old as a quarter of the lease. A state that they must know at
   * once, because they send devices by it, is told: they read the records again.
   */
  tellState(): void {
    const { membership, channels } = this.#parts
    for (const { name } of membership.nodes()) {
      if (name !== membership.selfName) channels.tell(name, { kind: 'nodes' } satisfies NodeNews)
    }
  }

  onStored(
    { high, low }: HopDevice,
    seq: number,
    expiresAtS: number,
    mode: number,
    payload: Uint8Array,
  ): void {
    this.pushes.take(high, low, seq, expiresAtS, mode, payload)
  }

  onDirect({ high, low }: HopDevice, payload: Uint8Array): void {
    const { directory, shards } = this.host
    if (!directory.find(high, low)) return
    shards[directory.shard].batch.addDelivery(directory.slot, directory.generation, payload)
  }

  onClose(device: HopDevice, code: number): void {
    this.sessions.close(device, code)
  }

  onAsk(request: number, from: string, question: unknown, payload: Uint8Array): void {
    // The payload is a view into the message, which is gone when this returns.
    void this.#answer(question as Question, Uint8Array.from(payload)).then((answer) => {
      if (request !== UNANSWERED) this.#parts.channels.to(from).addAnswer(request, answer)
    })
  }

  async #answer(question: Question, payload: Uint8Array): Promise<unknown> {
    switch (question.kind) {
      case 'device':
        return this.host.findDevice(question.id).catch(() => null)
      case 'broadcast':
        return this.host.broadcast(question.tag, payload).catch(() => 0)
      case 'log':
      case 'log-state':
        return this.log.answer(question).catch(() => 0)
      case 'nodes':
        await this.#parts.membership.readAgain()
        return null
      default:
        return null
    }
  }
}
