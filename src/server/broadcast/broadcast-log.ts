/**
 * Stored broadcasts of the node: a log with one entry each, not one message per device. The main
 * thread keeps and numbers the entries, stores them and their receipts, and tells the shards; who
 * has received what is known by the shards and by the devices themselves, which give their cursor
 * in HELLO and ACK. So a broadcast goes on after a crash: whoever comes back gets what it lacks.
 *
 * Entries are rows, not objects (node-entries.ts). Receipts are stored every two seconds.
 */
import type { PushReceipt } from '../inbox/push-receipts.ts'
import type { RunningShard, ShardGroup } from '../shard-group.ts'
import type { CommitQueue } from '../store/commit-queue.ts'
import { nowSeconds } from '../store/inbox.ts'
import type { PushStore } from '../store/push-store.ts'
import type { StoreRecord } from '../store/write-batch.ts'
import { TextHash } from '../text-hash.ts'
import {
  type BroadcastState,
  type LogEntry,
  type LogProgress,
  type LogWanted,
  STATE,
  STATE_NAMES,
  STATE_NUMBERS,
} from './broadcast-messages.ts'
import { type LogPayloads, MemoryPayloads, StoredPayloads } from './log-payloads.ts'
import {
  entryRecord,
  HEAD_RECORD,
  headerBytes,
  payloadRecord,
  readLogRecord,
  stateBytes,
  stateRecord,
} from './log-records.ts'
import { FIELD, NodeEntries } from './node-entries.ts'
import { payloadsMessage } from './payloads-message.ts'

const LOOK_MS = 2_000
/** Receipts can be read this long after an entry has expired. */
const RECEIPT_SECONDS = 3_600
/** A log in memory starts above what devices may remember of an earlier life of the node. */
const EPOCH_S = 1_577_836_800
/** In one write, some 3 ms of it. */
const DROPS_MAX = 4_096
const CHANGES_MAX = 4_096

/** The oldest entries go when either is passed. */
export interface LogLimits {
  readonly entriesMax: number
  /** Of payloads. */
  readonly bytesMax: number
}

export const DEFAULT_LOG_LIMITS: LogLimits = { entriesMax: 100_000, bytesMax: 64 << 20 }

export interface BroadcastReceipt extends PushReceipt {
  readonly state: BroadcastState | 'expired'
}

interface NewEntry extends LogEntry {
  readonly pushId: string
}

export class BroadcastLog {
  readonly #group: ShardGroup
  readonly #commits: CommitQueue
  readonly #limits: LogLimits
  readonly #hash: TextHash
  readonly #entries = new NodeEntries()
  #payloads: LogPayloads
  /** Shards that have the log. */
  readonly #told = new Set<number>()
  /** Entries whose counts are to be stored. */
  readonly #changed = new Set<number>()
  #headSeq = 0
  #isShared = false
  #timer: NodeJS.Timeout | undefined

  constructor(
    group: ShardGroup,
    commits: CommitQueue,
    hashKey: Uint32Array,
    limits: LogLimits = DEFAULT_LOG_LIMITS,
  ) {
    this.#group = group
    this.#commits = commits
    this.#limits = limits
    this.#hash = new TextHash(hashKey)
    this.#payloads = new MemoryPayloads(this.#entries, limits.bytesMax)
  }

  /** A record of the store; all come before start(), in the order of their keys. */
  load(key: string, value: Uint8Array): void {
    const record = readLogRecord(key, value)
    this.#headSeq = Math.max(this.#headSeq, record.seq)
    const { seq } = record
    const { rows } = this.#entries
    if (record.kind === 'entry') {
      const { pushId, tag, expiresAtS, bytes } = record.header
      this.#add(seq, pushId, tag, expiresAtS, STATE.RUNNING)
      this.#entries.setBytes(seq, bytes)
    } else if (record.kind === 'state' && rows.has(seq)) {
      const [state, online, sent, acked] = record.counts
      rows.set(seq, FIELD.STATE, state)
      rows.set(seq, FIELD.ONLINE, online)
      rows.set(seq, FIELD.SENT, sent)
      rows.set(seq, FIELD.ACKED, acked)
    }
  }

  /** `isShared`: it is kept elsewhere, and what changes is asked for there. */
  start(store: PushStore, isShared = false): void {
    this.#isShared = isShared
    if (store.isDurable && !isShared) this.#payloads = new StoredPayloads(store)
    if (!store.isDurable) this.#headSeq = nowSeconds() - EPOCH_S
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#storeChanged()
  }

  /** Before a shard lets its first device in, it must know the log. */
  tell(shard: RunningShard): void {
    if (this.#told.has(shard.index)) return
    this.#told.add(shard.index)
    const headSeq = this.#headSeq
    for (const entries of this.#entries.parts()) shard.link.post({ kind: 'log', entries, headSeq })
    if (this.#entries.count === 0) {
      const entries = this.#entries.columnsOf(0)
      shard.link.post({ kind: 'log', entries, headSeq })
    }
  }

  onShardLost(shard: number): void {
    this.#told.delete(shard)
  }

  /**
   * Resolves once it is stored and every shard has begun; with how many devices it is meant for.
   */
  async push(
    pushId: string,
    tag: string | null,
    payload: Uint8Array,
    ttlSeconds: number,
    /** Written with it. */
    beside: readonly StoreRecord[],
  ): Promise<number> {
    this.#commits.checkRoom(payload.length)
    const seq = ++this.#headSeq
    const expiresAtS = nowSeconds() + ttlSeconds
    const bytes = new Uint8Array(payload)
    const header = { pushId, tag, expiresAtS, bytes: bytes.length }
    const { batch } = this.#commits
    batch.addRecord({ key: HEAD_RECORD, value: Buffer.from(String(seq)) })
    batch.addRecord({ key: payloadRecord(seq), value: bytes })
    batch.addRecord({ key: entryRecord(seq), value: headerBytes(header) })
    for (const record of beside) batch.addRecord(record)
    await this.#commits.commit()
    return this.#take({ seq, pushId, tag, payload: bytes, expiresAtS, state: 'running' })
  }

  /** The number of the last entry; entries may be gone. */
  get headSeq(): number {
    return this.#headSeq
  }

  /** Of a log that is kept elsewhere: there was more of it than is left. */
  setHead(seq: number): void {
    this.#headSeq = Math.max(this.#headSeq, seq)
  }

  /**
   * An entry of a log that is kept elsewhere (cluster-log.ts), in its turn. Resolves with how many
   * devices of this node it is meant for.
   */
  take(entry: NewEntry): Promise<number> {
    this.#headSeq = entry.seq
    return this.#take(entry)
  }

  /** As control(), for an entry that is kept elsewhere; false: it is gone, or yet to come. */
  apply(seq: number, state: BroadcastState): boolean {
    const { rows } = this.#entries
    if (!rows.has(seq)) return false
    if (rows.get(seq, FIELD.STATE) !== STATE_NUMBERS[state]) this.#switch(seq, state)
    return true
  }

  /** What this node has counted of entries since it was last asked, where it is more. */
  takeCounts(): (BroadcastReceipt & { readonly seq: number; readonly expiresAtS: number })[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    const { rows } = this.#entries
    return changed.map((seq) => ({
      ...this.#receiptOf(seq),
      seq,
      expiresAtS: rows.get(seq, FIELD.EXPIRES_AT_S),
      acked: rows.get(seq, FIELD.ACKED),
    }))
  }

  find(pushId: string): { readonly seq: number; readonly expiresAtS: number } | null {
    const seq = this.#seqOf(pushId)
    return seq === 0 ? null : { seq, expiresAtS: this.#entries.rows.get(seq, FIELD.EXPIRES_AT_S) }
  }

  receipt(pushId: string): BroadcastReceipt | null {
    const seq = this.#seqOf(pushId)
    return seq === 0 ? null : this.#receiptOf(seq)
  }

  /**
   * Pauses, resumes or cancels; null where there is no such broadcast. Durable when it resolves.
   */
  async control(pushId: string, state: BroadcastState): Promise<BroadcastReceipt | null> {
    const seq = this.#seqOf(pushId)
    if (seq === 0) return null
    this.#switch(seq, state)
    const receipt = this.#receiptOf(seq)
    this.#commits.batch.addRecord(this.#stateRecordOf(seq))
    await this.#commits.commit()
    return receipt
  }

  onProgress({ seqs, sent, acked }: LogProgress): void {
    const { rows } = this.#entries
    for (let at = 0; at < seqs.length; at++) {
      const seq = seqs[at]
      if (!rows.has(seq)) continue
      rows.set(seq, FIELD.SENT, rows.get(seq, FIELD.SENT) + sent[at])
      rows.set(seq, FIELD.ACKED, rows.get(seq, FIELD.ACKED) + acked[at])
      this.#noteChange(seq)
    }
  }

  /** Devices of a shard wait for these payloads. */
  async onWanted(shard: RunningShard, { seqs }: LogWanted): Promise<void> {
    const wanted = [...seqs]
    const found = await this.#payloads.read(wanted).catch(() => null)
    if (shard.isAlive) shard.link.post(payloadsMessage(wanted, found))
  }

  #seqOf(pushId: string): number {
    this.#hash.hash(pushId)
    return this.#entries.findById(this.#hash.high, this.#hash.low)
  }

  #add(seq: number, pushId: string, tag: string | null, expiresAtS: number, state: number): void {
    const { rows } = this.#entries
    const hash = this.#hash
    hash.hash(pushId)
    this.#entries.add(seq, state, expiresAtS, hash.high, hash.low)
    if (tag === null) return
    hash.hash(tag)
    rows.set(seq, FIELD.TAG_HIGH, hash.high)
    rows.set(seq, FIELD.TAG_LOW, hash.low)
  }

  async #take({ seq, pushId, tag, payload, expiresAtS, state }: NewEntry): Promise<number> {
    const { rows } = this.#entries
    for (const shard of this.#group.alive) this.tell(shard)
    // Numbers have jumped: a log that was kept elsewhere was lost there.
    if (seq - rows.lastSeq > this.#limits.entriesMax) this.#dropTo(rows.lastSeq - rows.firstSeq + 1)
    this.#add(seq, pushId, tag, expiresAtS, STATE_NUMBERS[state])
    this.#entries.setBytes(seq, payload.length)
    this.#payloads.keep(seq, payload)
    const online = await this.#send(seq, payload)
    if (rows.has(seq)) {
      rows.set(seq, FIELD.ONLINE, online)
      this.#noteChange(seq)
    }
    this.#trim()
    return online
  }

  #switch(seq: number, state: BroadcastState): void {
    const { rows } = this.#entries
    // What was cancelled stays so: devices may have gone past it.
    if (rows.get(seq, FIELD.STATE) !== STATE.CANCELLED) {
      rows.set(seq, FIELD.STATE, STATE_NUMBERS[state])
    }
    for (const shard of this.#group.alive) {
      shard.link.post({ kind: 'log-state', seq, state: rows.get(seq, FIELD.STATE) })
    }
  }

  async #send(seq: number, payload: Uint8Array): Promise<number> {
    const entry = this.#entries.columnsOf(seq)
    const asked = this.#group.alive.map((shard) => {
      // Pushes that were accepted before must not be overtaken.
      shard.batch.flush()
      return this.#group.ask<'broadcast-started'>(shard, (requestId) => ({
        kind: 'log-entry',
        requestId,
        entry,
        payload,
      }))
    })
    const answers = await Promise.all(asked)
    return answers.reduce((sum, answer) => sum + (answer?.receivers ?? 0), 0)
  }

  #look(): void {
    const { rows } = this.#entries
    const overS = nowSeconds() - RECEIPT_SECONDS
    let count = 0
    while (count < DROPS_MAX && rows.firstSeq + count <= rows.lastSeq) {
      const seq = rows.firstSeq + count
      // Kept a while longer, so that its receipts can be read.
      if (rows.has(seq) && rows.get(seq, FIELD.EXPIRES_AT_S) > overS) break
      count++
    }
    this.#dropTo(count)
    this.#trim()
    this.#storeChanged()
  }

  #trim(): void {
    const { entriesMax, bytesMax } = this.#limits
    const entries = this.#entries
    const isOver = () => entries.count > entriesMax || entries.bytes > bytesMax
    let lastSeq = 0
    for (let i = 0; i < DROPS_MAX && isOver(); i++) lastSeq = this.#dropFirst()
    this.#tellDropped(lastSeq)
  }

  /** The oldest so many numbers go, with the entries that have them. */
  #dropTo(count: number): void {
    let lastSeq = 0
    for (let i = 0; i < count; i++) lastSeq = this.#dropFirst()
    this.#tellDropped(lastSeq)
  }

  /** Returns the number that went. */
  #dropFirst(): number {
    const seq = this.#entries.rows.firstSeq
    if (this.#entries.rows.has(seq)) this.#payloads.forget(seq)
    if (this.#entries.dropFirst() === 0) return seq
    this.#changed.delete(seq)
    if (this.#isShared) return seq
    const { batch } = this.#commits
    for (const key of [entryRecord(seq), stateRecord(seq), payloadRecord(seq)]) {
      batch.addRecord({ key, value: null })
    }
    this.#commits.schedule()
    return seq
  }

  #tellDropped(upToSeq: number): void {
    if (upToSeq === 0) return
    for (const { link } of this.#group.alive) link.post({ kind: 'log-drop', upToSeq })
  }

  #noteChange(seq: number): void {
    this.#changed.add(seq)
    if (this.#changed.size >= CHANGES_MAX) this.#storeChanged()
  }

  #storeChanged(): void {
    if (this.#changed.size === 0 || this.#isShared) return
    for (const seq of this.#changed) this.#commits.batch.addRecord(this.#stateRecordOf(seq))
    this.#changed.clear()
    this.#commits.schedule()
  }

  #stateRecordOf(seq: number): StoreRecord {
    const { rows } = this.#entries
    const of = (field: number) => rows.get(seq, field)
    const counts = [of(FIELD.STATE), of(FIELD.ONLINE), of(FIELD.SENT), of(FIELD.ACKED)]
    return { key: stateRecord(seq), value: stateBytes(...counts) }
  }

  #receiptOf(seq: number): BroadcastReceipt {
    const { rows } = this.#entries
    const [online, sent] = [rows.get(seq, FIELD.ONLINE), rows.get(seq, FIELD.SENT)]
    const acked = rows.get(seq, FIELD.ACKED)
    const isExpired = rows.get(seq, FIELD.EXPIRES_AT_S) <= nowSeconds()
    return {
      // An ack counts for all before it, also for what was cancelled before it was sent.
      ...{ accepted: online, stored: 1, online, sent, acked: Math.min(sent, acked) },
      expired: isExpired ? Math.max(0, sent - acked) : 0,
      trimmed: 0,
      state: isExpired ? 'expired' : STATE_NAMES[rows.get(seq, FIELD.STATE)],
    }
  }
}
