/**
 * Stored pushes of a node, as PushNode uses them: the inbox on its store, the delivery to shards,
 * receipts and idempotency keys. Runs on the main thread.
 *
 *   push ─► put ─► commit (durable) ─► answer
 *                     └─► InboxDelivery ─► StoredBatch per shard ─► MSG
 */
import type { BucketReport } from '../../stats/bucket-histogram.ts'
import type { PushOutcome, StoredPush } from '../node-control.ts'
import type { RunningShard } from '../shard-group.ts'
import type { ShardUp } from '../shard-messages.ts'
import { steadyNowSeconds } from '../steady-clock.ts'
import type { CommitQueue } from '../store/commit-queue.ts'
import { NO_ROW } from '../store/device-rows.ts'
import { DEFAULT_INBOX_LIMITS, Inbox, nowSeconds } from '../store/inbox.ts'
import type { PushStore } from '../store/push-store.ts'
import type { StoreRecord } from '../store/write-batch.ts'
import { InboxDelivery, PUSH_MODE } from './inbox-delivery.ts'
import { SIGNAL, type SignalRows } from './inbox-messages.ts'
import { KEY_RECORD_PREFIX, KeyWindow } from './key-window.ts'
import { type PushReceipt, PushReceipts } from './push-receipts.ts'
import { RemoteInbox } from './remote-inbox.ts'
import { SlotDevices } from './slot-devices.ts'
import { StoredBatch } from './stored-batch.ts'

const LAZY_LOOK_MS = 1_000

type Hellos = Extract<ShardUp, { kind: 'hellos' }>
type Gone = Extract<ShardUp, { kind: 'gone' }>

/** Where a device is, as the directory has it. */
export interface DeviceFinder {
  find(high: number, low: number): boolean
  readonly shard: number
  readonly slot: number
  readonly generation: number
}

export interface DeviceHash {
  readonly high: number
  readonly low: number
}

/** Running totals of stored pushes, and what is stored now. */
export interface StoreCounters {
  readonly isDurable: boolean
  readonly messagesStored: number
  readonly messagesAcked: number
  readonly messagesExpired: number
  readonly messagesTrimmed: number
  readonly messagesFailed: number
  readonly messagesRedelivered: number
  readonly messagesPending: number
  readonly devicesKnown: number
  readonly writes: number
  readonly writesFailed: number
  /** The last write failed. */
  readonly isFailing: boolean
  readonly lastWriteMs: number
  /** How long the running write has taken so far; 0: none runs. */
  readonly stalledMs: number
  readonly unwrittenBytes: number
  /** How long writes take, durable ones to the disk and back. */
  readonly writeTimes: BucketReport
}

export class NodeInbox {
  readonly keys: KeyWindow
  /** In a cluster: inboxes are kept for all nodes, and this one holds those of its devices. */
  readonly remote: RemoteInbox
  readonly #store: PushStore
  readonly #inbox: Inbox
  readonly #delivery: InboxDelivery
  readonly #directory: DeviceFinder
  readonly #receipts = new PushReceipts()
  readonly #slots: SlotDevices
  readonly #shards: readonly RunningShard[]
  readonly #batches: StoredBatch[] = []
  #lazyTimer: NodeJS.Timeout | undefined

  constructor(
    store: PushStore,
    shards: readonly RunningShard[],
    rowsPerShard: number,
    directory: DeviceFinder,
  ) {
    this.#store = store
    this.#shards = shards
    this.#directory = directory
    this.#slots = new SlotDevices(rowsPerShard)
    this.#inbox = new Inbox(store, DEFAULT_INBOX_LIMITS, {
      onStored: (batch) => this.#delivery.onStored(batch),
      onRemoved: (pushNumber, cause) => this.#receipts.addRemoved(pushNumber, cause),
    })
    this.#delivery = new InboxDelivery({
      inbox: this.#inbox,
      slots: this.#slots,
      receipts: this.#receipts,
      batchOf: (shard) => this.#batchOf(shard),
    })
    this.remote = new RemoteInbox(this.#inbox, this.#delivery, this.#slots, directory)
    this.keys = new KeyWindow((record) => this.addRecords([record]))
  }

  /** Throws PUSHCTL_STORE_UNUSABLE. */
  async load(onRecord: (key: string, value: Uint8Array) => void): Promise<void> {
    const nowMs = Date.now()
    await this.#inbox.load((key, value) => {
      if (key.startsWith(KEY_RECORD_PREFIX)) this.keys.load(key, value, nowMs)
      else onRecord(key, value)
    })
    this.#lazyTimer = setInterval(
      () => this.#delivery.releaseOverdue(steadyNowSeconds()),
      LAZY_LOOK_MS,
    ).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#lazyTimer)
    await this.#inbox.close()
  }

  /**
   * Stores one payload for each device and resolves when that is durable; those online get it then.
   * `hashOf` hashes the n-th id; throws or rejects with PUSHCTL_STORE_… where it is not stored.
   */
  push(
    count: number,
    hashOf: (index: number) => DeviceHash,
    payload: Uint8Array,
    stored: StoredPush,
    push: { readonly id: string; readonly number: number; readonly key: string | undefined },
  ): Promise<PushOutcome> {
    const inbox = this.#inbox
    inbox.checkRoom(count, payload.length)
    const expiresAtS = nowSeconds() + stored.ttlSeconds
    const mode = PUSH_MODE[stored.mode]
    let online = 0
    for (let i = 0; i < count; i++) {
      const { high, low } = hashOf(i)
      const device = inbox.deviceOf(high, low)
      if (this.#findOnline(device, high, low)) online++
      inbox.put(device, payload, expiresAtS, push.number, mode)
    }
    const outcome = { accepted: count, stored: count, online, pushId: push.id }
    this.#receipts.begin(push.number, count, count, online)
    if (push.key !== undefined) {
      inbox.commits.batch.addRecord(KeyWindow.recordOf(push.key, outcome, Date.now()))
    }
    return inbox.commits.commit().then(() => outcome)
  }

  /** Written with the next batch; nobody waits for it. */
  addRecords(records: readonly StoreRecord[]): void {
    if (records.length === 0) return
    for (const record of records) this.#inbox.commits.batch.addRecord(record)
    this.#inbox.commits.schedule()
  }

  /** For what is stored beside the inboxes. */
  get commits(): CommitQueue {
    return this.#inbox.commits
  }

  get store(): PushStore {
    return this.#store
  }

  receipt(pushNumber: number): PushReceipt | null {
    return this.#receipts.find(pushNumber)
  }

  /** A device was let in; returns the largest sequence number of its inbox. */
  onAdmitted(shard: RunningShard, hellos: Hellos, row: number): number {
    const slot = hellos.slots[row]
    const inboxSeq = hellos.inboxSeqs[row]
    this.#slots.setFlags(shard.index, slot, hellos.flags[row])
    const { devices } = this.#inbox.tables
    const high = hellos.hashes[2 * row]
    const low = hellos.hashes[2 * row + 1]
    let device = devices.find(high, low)
    if (device === NO_ROW && inboxSeq === 0) return 0
    if (device === NO_ROW) device = this.#inbox.deviceOf(high, low)
    this.#delivery.onHello(device, shard.index, slot, hellos.generations[row], inboxSeq)
    return devices.nextSeqs[device] - 1
  }

  onGone(shard: RunningShard, gone: Gone): void {
    for (let row = 0; row < gone.slots.length; row++) {
      this.#delivery.onGone(shard.index, gone.slots[row], gone.generations[row])
    }
  }

  onShardLost(shard: number): void {
    this.#delivery.onShardLost(shard)
  }

  onSignals(shard: RunningShard, rows: SignalRows): void {
    const { kinds, slots, generations, seqs, maxes } = rows
    for (let row = 0; row < kinds.length; row++) {
      const slot = slots[row]
      const generation = generations[row]
      if (kinds[row] === SIGNAL.ACK) {
        this.#delivery.onAck(shard.index, slot, generation, seqs[row])
      } else if (kinds[row] === SIGNAL.HEARTBEAT) {
        this.#delivery.onHeartbeat(shard.index, slot, generation)
      } else void this.#delivery.onPull(shard.index, slot, generation, seqs[row], maxes[row])
    }
  }

  counters(): StoreCounters {
    const { counts, tables, commits } = this.#inbox
    return {
      isDurable: this.#store.isDurable,
      messagesStored: counts.stored,
      messagesAcked: counts.acked,
      messagesExpired: counts.expired,
      messagesTrimmed: counts.trimmed,
      messagesFailed: counts.failed,
      messagesRedelivered: this.#delivery.redelivered,
      messagesPending: tables.messages.count,
      devicesKnown: tables.devices.end - 1,
      writes: commits.writes,
      writesFailed: commits.writesFailed,
      isFailing: commits.isFailing,
      lastWriteMs: Math.max(commits.writeMsLast, commits.stalledMs),
      stalledMs: commits.stalledMs,
      unwrittenBytes: commits.unwrittenBytes,
      writeTimes: commits.writeTimes.report(),
    }
  }

  /** True where the device is connected; it is attached to its connection if it was not yet. */
  #findOnline(device: number, high: number, low: number): boolean {
    const { devices } = this.#inbox.tables
    if (devices.isOnline(device)) return true
    const { pendingCounts } = devices
    // A device that got nothing stored before has no row that its HELLO could have found.
    if (!this.#directory.find(high, low)) return false
    const { shard, slot, generation } = this.#directory
    if (pendingCounts[device] === 0) this.#delivery.attach(device, shard, slot, generation)
    return true
  }

  #batchOf(shard: number): StoredBatch {
    this.#batches[shard] ??= new StoredBatch((rows) => {
      const running = this.#shards[shard]
      if (running === undefined) return
      // A WELCOME must not be overtaken by what follows it.
      running.batch.flush()
      running.link.post(rows)
    })
    return this.#batches[shard]
  }
}
