/**
 * What a push becomes: deliveries to the shards that have its devices, stored messages, or a
 * broadcast. Hashes device ids, numbers pushes and answers for them.
 */
import { PushctlError } from '../errors/pushctl-error.ts'
import type { BroadcastLog } from './broadcast/broadcast-log.ts'
import { QUEUE_FULL } from './broadcast-queue.ts'
import type { ClusterTraffic } from './cluster/cluster-traffic.ts'
import type { Directory } from './directory.ts'
import type { NodeGuard } from './guard/node-guard.ts'
import { KeyWindow } from './inbox/key-window.ts'
import type { NodeInbox } from './inbox/node-inbox.ts'
import type { PushReceipt } from './inbox/push-receipts.ts'
import type { PushOutcome, PushRequest } from './node-control.ts'
import type { RunningShard, ShardGroup } from './shard-group.ts'
import type { SipHash } from './sip-hash.ts'
import { steadyNowMs } from './steady-clock.ts'

export interface NodePushParts {
  readonly inbox: NodeInbox
  readonly directory: Directory
  readonly hash: SipHash
  readonly group: ShardGroup
  readonly guard: NodeGuard
  readonly bootId: number
  readonly log: BroadcastLog
  /** null: the node is alone. */
  readonly traffic?: ClusterTraffic | null
}

export class NodePushes {
  /** Pushes accepted, refused ones included. */
  count = 0
  readonly #parts: NodePushParts
  readonly #idPrefix: string
  readonly #utf8 = new TextEncoder()
  readonly #idScratch = new Uint8Array(512)

  constructor(parts: NodePushParts) {
    this.#parts = parts
    this.#idPrefix = `${parts.bootId.toString(36)}-`
  }

  push(request: PushRequest): Promise<PushOutcome> {
    const { id, stored } = request
    if (id === undefined) return this.#push(request)
    const { inbox, traffic } = this.#parts
    // A cluster keeps keys of stored pushes beside them; here only those of this node are known.
    const isStored = stored !== undefined && !traffic
    return inbox.keys.once(id, steadyNowMs(), isStored, () => this.#push(request))
  }

  receipt(pushId: string): PushReceipt | null {
    // A cluster has receipts of all nodes: receiptElsewhere().
    if (this.#parts.traffic) return null
    const broadcast = this.#parts.log.receipt(pushId)
    if (broadcast !== null) return broadcast
    const number = Number.parseInt(pushId.slice(this.#idPrefix.length), 36)
    if (pushId !== this.#idPrefix + number.toString(36)) return null
    return this.#parts.inbox.receipt(number)
  }

  /** The shard that has the device, with slot and generation in the directory's fields. */
  locate(deviceId: string): RunningShard | null {
    const { directory, group } = this.#parts
    const { high, low } = this.hashOf(deviceId)
    if (!directory.find(high, low)) return null
    return group.shards[directory.shard]
  }

  async #push(request: PushRequest): Promise<PushOutcome> {
    const { inbox, guard, log, traffic } = this.#parts
    const { to, payload, stored, id } = request
    this.count++
    const pushId = this.#idPrefix + this.count.toString(36)
    if (to.kind === 'devices' && stored !== undefined) {
      const hashOf = (i: number) => this.hashOf(to.deviceIds[i])
      if (traffic) return traffic.pushes.push(to.deviceIds.length, hashOf, payload, stored, id)
      const push = { id: pushId, number: this.count, key: id }
      return inbox.push(to.deviceIds.length, hashOf, payload, stored, push)
    }
    if (to.kind === 'devices') {
      const online = await this.#pushToDevices(to.deviceIds, payload)
      return { accepted: to.deviceIds.length, stored: 0, online, pushId }
    }
    guard.admitBroadcast()
    const tag = to.kind === 'tag' ? to.tag : null
    if (stored !== undefined && traffic) return traffic.broadcast(tag, payload, stored, id)
    if (stored !== undefined) {
      const outcomeOf = (online: number) => ({ accepted: online, stored: 1, online, pushId })
      // Twice: with the broadcast, so that its id is never lost, and when the counts are known.
      const key = (online: number) =>
        id === undefined ? [] : [KeyWindow.recordOf(id, outcomeOf(online), Date.now())]
      const online = await log.push(pushId, tag, payload, stored.ttlSeconds, key(0))
      inbox.addRecords(key(online))
      return outcomeOf(online)
    }
    const asked = [this.broadcastHere(tag, payload), traffic?.broadcastElsewhere(tag, payload)]
    const [here = 0, elsewhere = 0] = await Promise.all(asked)
    const online = here + elsewhere
    return { accepted: online, stored: 0, online, pushId }
  }

  #pushToDevices(deviceIds: readonly string[], payload: Uint8Array): number | Promise<number> {
    const { directory, traffic } = this.#parts
    const elsewhere: { high: number; low: number }[] = []
    let online = 0
    for (const deviceId of deviceIds) {
      const shard = this.locate(deviceId)
      if (!shard) {
        const { high, low } = this.hashOf(deviceId)
        if (traffic) elsewhere.push({ high, low })
        continue
      }
      shard.batch.addDelivery(directory.slot, directory.generation, payload)
      online++
    }
    if (!traffic || elsewhere.length === 0) return online
    const here = online
    return traffic.pushes.pushElsewhere(elsewhere, payload).then((there) => here + there)
  }

  /**
   * QoS 0 to all devices of this node, or to those with the tag. How many of a tag are here only
   * the shards know.
   */
  async broadcastHere(tag: string | null, payload: Uint8Array): Promise<number> {
    const { group } = this.#parts
    // A copy: the payload may be a view into a pool, and a message takes the whole buffer behind a
    // view with it.
    const bytes = new Uint8Array(payload)
    const asked = group.alive.map((shard) => {
      // Pushes that were accepted before must not be overtaken.
      shard.batch.flush()
      return group.ask<'broadcast-started'>(shard, (requestId) => ({
        kind: 'broadcast',
        requestId,
        tag,
        payload: bytes,
      }))
    })
    const answers = await Promise.all(asked)
    if (answers.some((answer) => answer?.receivers === QUEUE_FULL)) throw tooManyBroadcasts()
    return answers.reduce((sum, answer) => sum + (answer?.receivers ?? 0), 0)
  }

  hashOf(deviceId: string): SipHash {
    const { hash } = this.#parts
    const { written } = this.#utf8.encodeInto(deviceId, this.#idScratch)
    hash.hash(this.#idScratch, 0, written)
    return hash
  }
}

function tooManyBroadcasts(): PushctlError {
  return new PushctlError(
    'PUSHCTL_TARGET_REFUSED',
    'expected room for a broadcast, a shard has as many waiting as it takes',
    {
      why: 'broadcasts come faster than devices can be served, or --broadcast-rate holds them back',
      tries: ['push again later; shards with room have sent this one'],
    },
  )
}
