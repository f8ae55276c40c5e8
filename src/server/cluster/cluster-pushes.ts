/**
 * Pushes to devices wherever they are. A stored push is one script on its device, which numbers and
 * stores it and answers with the node that has the device; that node is told with one frame. What
 * comes in one loop turn goes to Redis together.
 *
 *   push ─turn ends─► STORE ─► answer ─┬─ here ──► RemoteInbox
 *                                      └─ there ─► STORED frame, with the payload
 */
import {
  type Answer,
  type DeviceRegistry,
  itemOf,
  type Place,
  type Stored,
} from '../../cluster/device-registry.ts'
import { unreachable } from '../../cluster/cluster-error.ts'
import { hashText } from '../../cluster/key-names.ts'
import type { Membership } from '../../cluster/membership.ts'
import type { NodeChannels } from '../../cluster/node-channels.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { DeviceHash } from '../inbox/node-inbox.ts'
import { PUSH_MODE } from '../inbox/inbox-delivery.ts'
import type { RemoteInbox } from '../inbox/remote-inbox.ts'
import type { PushOutcome, StoredPush } from '../node-control.ts'
import { DEFAULT_INBOX_LIMITS, nowSeconds } from '../store/inbox.ts'
import type { ClusterReceipts } from './cluster-receipts.ts'
import type { ClusterSessions } from './cluster-sessions.ts'

const LIMITS = {
  messagesMax: DEFAULT_INBOX_LIMITS.messagesPerDeviceMax,
  bytesMax: DEFAULT_INBOX_LIMITS.bytesPerDeviceMax,
}

export interface ClusterPushParts {
  /** Of Redis, for messages. */
  readonly name: string
  readonly registry: DeviceRegistry
  readonly membership: Membership
  readonly channels: NodeChannels
  readonly inbox: RemoteInbox
  readonly sessions: ClusterSessions
  readonly receipts: ClusterReceipts
  readonly catchUp: (hash: string, high: number, low: number) => void
  /** '' where stored pushes are taken; else why not. */
  readonly refusal: () => string
}

/** Messages of one loop turn: one entry a device in each column. */
class StoreBatch {
  readonly hashes: string[] = []
  readonly highs: number[] = []
  readonly lows: number[] = []
  readonly expiresAtS: number[] = []
  readonly items: Buffer[] = []
  readonly onceIds: string[] = []
  /** When they were handed over too. */
  readonly answers: Promise<Answer<Stored>[]>
  settle: (answers: Answer<Stored>[]) => void = () => {}

  constructor() {
    this.answers = new Promise((resolve) => (this.settle = resolve))
  }
}

export class ClusterPushes {
  readonly #parts: ClusterPushParts
  #plain = new StoreBatch()
  #once = new StoreBatch()
  #isScheduled = false
  #waitingBytes = 0
  #count = 0

  constructor(parts: ClusterPushParts) {
    this.#parts = parts
  }

  /** Resolves when it is stored for all; rejects with PUSHCTL_CLUSTER_UNREACHABLE. */
  async push(
    count: number,
    hashOf: (index: number) => DeviceHash,
    payload: Uint8Array,
    stored: StoredPush,
    onceId: string | undefined,
  ): Promise<PushOutcome> {
    const refusal = this.#parts.refusal()
    if (refusal !== '') throw unreachable(this.#parts.name, new Error(refusal))
    const bytes = count * payload.length
    this.#checkRoom(bytes)
    const expiresAtS = nowSeconds() + stored.ttlSeconds
    const item = itemOf(expiresAtS, PUSH_MODE[stored.mode], payload)
    const batch = onceId === undefined ? this.#plain : this.#once
    const first = batch.hashes.length
    for (let i = 0; i < count; i++) {
      const { high, low } = hashOf(i)
      batch.hashes.push(hashText(high, low))
      batch.highs.push(high)
      batch.lows.push(low)
      batch.expiresAtS.push(expiresAtS)
      batch.items.push(item)
      if (onceId !== undefined) batch.onceIds.push(onceId)
    }
    this.#schedule()
    this.#waitingBytes += bytes
    try {
      return await this.#outcome(batch, await batch.answers, first, count)
    } finally {
      this.#waitingBytes -= bytes
    }
  }

  /** To devices that are not here; returns how many are connected to other nodes. */
  async pushElsewhere(hashes: readonly DeviceHash[], payload: Uint8Array): Promise<number> {
    if (hashes.length === 0) return 0
    const { channels } = this.#parts
    const devices = hashes.map(({ high, low }) => ({ high, low }))
    const places = await this.where(devices)
    let online = 0
    places.forEach((place, i) => {
      const name = place === null ? undefined : this.#otherNode(place.node)
      if (place === null || name === undefined) return
      channels.to(name).addDirect({ ...devices[i], session: place.session }, payload)
      online++
    })
    return online
  }

  /** null where the device is unknown, or Redis does not answer for it. */
  async where(devices: readonly DeviceHash[]): Promise<(Place | null)[]> {
    const hashes = devices.map(({ high, low }) => hashText(high, low))
    const places = await this.#parts.registry.where(hashes)
    const known = places.map((place) => (place instanceof PushctlError ? null : place))
    await this.#learn(known)
    return known
  }

  /** The live node of this number, where it is not this one. */
  #otherNode(number: number): string | undefined {
    const { membership } = this.#parts
    return number === membership.number ? undefined : membership.nameOf(number)
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#isScheduled = false
    const plain = this.#plain
    const once = this.#once
    this.#plain = new StoreBatch()
    this.#once = new StoreBatch()
    for (const batch of [plain, once]) {
      if (batch.hashes.length === 0) continue
      const onceIds = batch === once ? batch.onceIds : null
      const { hashes, expiresAtS, items } = batch
      const { registry } = this.#parts
      void registry.store(hashes, expiresAtS, items, LIMITS, onceIds).then(async (answers) => {
        await this.#learn(answers)
        this.#handOver(batch, answers)
        batch.settle(answers)
      })
    }
  }

  /** A device may be on a node that has just come. Waits only where one is not known. */
  #learn(answers: readonly (Answer<Stored> | Place | null)[]): Promise<void> | null {
    const { membership } = this.#parts
    let unknown: Set<number> | null = null
    for (const answer of answers) {
      if (answer === null || answer instanceof PushctlError || answer.node === 0) continue
      if (membership.nameOf(answer.node) === undefined) (unknown ??= new Set()).add(answer.node)
    }
    return unknown && membership.learn(unknown)
  }

  /** All of a batch in its order, before any push of it is answered. */
  #handOver(batch: StoreBatch, answers: readonly Answer<Stored>[]): void {
    const { membership, channels } = this.#parts
    for (let i = 0; i < answers.length; i++) {
      const stored = answers[i]
      if (stored instanceof PushctlError || stored.isRepeated || stored.node === 0) continue
      const item = batch.items[i]
      const payload = item.subarray(5)
      const high = batch.highs[i]
      const low = batch.lows[i]
      if (stored.node === membership.number) {
        this.take(high, low, stored.seq, batch.expiresAtS[i], item[4], payload)
        continue
      }
      const name = this.#otherNode(stored.node)
      if (name === undefined) continue
      const device = { high, low, session: stored.session }
      channels.to(name).addStored(device, stored.seq, batch.expiresAtS[i], item[4], payload)
    }
  }

  /** A message was stored for a device that should be here. */
  take(
    high: number,
    low: number,
    seq: number,
    expiresAtS: number,
    mode: number,
    payload: Uint8Array,
  ): void {
    const { inbox, sessions, catchUp } = this.#parts
    const arrival = inbox.arrive(high, low, seq, expiresAtS, mode, payload)
    if (arrival === 'gap') catchUp(hashText(high, low), high, low)
    else if (arrival === 'absent') {
      sessions.early.noteStored(hashText(high, low), seq, performance.now())
    }
  }

  async #outcome(
    batch: StoreBatch,
    answers: readonly Answer<Stored>[],
    first: number,
    count: number,
  ): Promise<PushOutcome> {
    const { membership, receipts } = this.#parts
    let online = 0
    const hashes: string[] = []
    const seqs: number[] = []
    for (let i = first; i < first + count; i++) {
      const stored = answers[i]
      if (stored instanceof PushctlError) throw stored
      if (membership.nameOf(stored.node) !== undefined) online++
      hashes.push(batch.hashes[i])
      seqs.push(stored.seq)
    }
    const id = `${membership.number.toString(36)}-${(++this.#count).toString(36)}`
    const pushId = await receipts.begin(id, hashes, seqs, batch.expiresAtS[first])
    return { accepted: count, stored: count, online, pushId }
  }

  #checkRoom(bytes: number): void {
    const { unwrittenBytesMax } = DEFAULT_INBOX_LIMITS
    if (this.#waitingBytes + bytes <= unwrittenBytesMax) return
    const limit = `${Math.round(unwrittenBytesMax / 2 ** 20)} MiB`
    const message = `expected room for a stored push, ${limit} are on their way to Redis already`
    throw new PushctlError('PUSHCTL_STORE_BUSY', message, {
      why: 'pushes come faster than Redis takes them',
      tries: ['push again later'],
    })
  }
}
