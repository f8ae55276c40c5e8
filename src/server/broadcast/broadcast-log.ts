/**
 * Stored broadcasts of the node: a log with one entry each, not one message per device. The main
 * thread keeps and numbers the entries, stores them and their receipts, and tells the shards; who
 * has received what is known by the shards and by the devices themselves, which give their cursor
 * in HELLO and ACK. So a broadcast goes on after a crash: whoever comes back gets what it lacks.
 *
 * An entry is an object: there are at most 1,000. Receipts are stored every two seconds.
 */
import type { PushReceipt } from '../inbox/push-receipts.ts'
import type { RunningShard, ShardGroup } from '../shard-group.ts'
import type { CommitQueue } from '../store/commit-queue.ts'
import { nowSeconds } from '../store/inbox.ts'
import type { StoreRecord } from '../store/write-batch.ts'
import type { BroadcastState, LogEntry, LogProgress } from './broadcast-messages.ts'

export const LOG_RECORD_PREFIX = 'b/'
const HEAD_RECORD = 'b/head'
const ENTRIES_MAX = 1_000
const BYTES_MAX = 64 << 20
const LOOK_MS = 2_000
/** Receipts can be read this long after an entry has expired. */
const RECEIPT_SECONDS = 3_600
/** A log in memory starts above what devices may remember of an earlier life of the node. */
const EPOCH_S = 1_577_836_800

interface Kept {
  readonly seq: number
  readonly pushId: string
  readonly tag: string | null
  readonly expiresAtS: number
  state: BroadcastState
  online: number
  sent: number
  acked: number
  payload: Uint8Array
}

export interface BroadcastReceipt extends PushReceipt {
  readonly state: BroadcastState | 'expired'
}

export class BroadcastLog {
  readonly #group: ShardGroup
  readonly #commits: CommitQueue
  readonly #entries = new Map<number, Kept>()
  readonly #seqs = new Map<string, number>()
  /** Shards that have the log. */
  readonly #told = new Set<number>()
  readonly #changed = new Set<Kept>()
  #headSeq = 0
  #isShared = false
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(group: ShardGroup, commits: CommitQueue) {
    this.#group = group
    this.#commits = commits
  }

  /** A record of the store; all come before start(), in the order of their keys. */
  load(key: string, value: Uint8Array): void {
    const text = () => Buffer.from(value).toString()
    if (key === HEAD_RECORD) {
      this.#headSeq = Math.max(this.#headSeq, Number(text()))
      return
    }
    const [, seqText, part] = key.split('/')
    const seq = Number(seqText)
    if (part === 'entry') {
      const entry = { ...JSON.parse(text()), payload: new Uint8Array(0) } as Kept
      this.#entries.set(seq, entry)
      this.#seqs.set(entry.pushId, seq)
    } else {
      const entry = this.#entries.get(seq)
      if (entry === undefined) return
      entry.payload = new Uint8Array(value)
      this.#bytes += value.length
    }
    this.#headSeq = Math.max(this.#headSeq, seq)
  }

  /** `isShared`: it is kept elsewhere, and what changes is asked for there. */
  start(isDurable: boolean, isShared = false): void {
    this.#isShared = isShared
    if (!isDurable) this.#headSeq = nowSeconds() - EPOCH_S
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
    const entries = [...this.#entries.values()].map(entryOf)
    shard.link.post({ kind: 'log', entries, headSeq: this.#headSeq })
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
    const counts = { online: 0, sent: 0, acked: 0 }
    const entry: Kept = {
      ...{ seq, pushId, tag, expiresAtS: nowSeconds() + ttlSeconds, state: 'running', ...counts },
      payload: new Uint8Array(payload),
    }
    const { records } = this.#commits.batch
    records.push({ key: HEAD_RECORD, value: Buffer.from(String(seq)) })
    records.push({ key: payloadKey(seq), value: entry.payload })
    records.push({ key: entryKey(seq), value: headerOf(entry) }, ...beside)
    await this.#commits.commit()
    for (const shard of this.#group.alive) this.tell(shard)
    this.#keep(entry)
    entry.online = await this.#send(entry)
    this.#changed.add(entry)
    this.#trim()
    return entry.online
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
  async take(from: LogEntry & { readonly pushId: string }): Promise<number> {
    for (const shard of this.#group.alive) this.tell(shard)
    const entry = this.#keep({ ...from, online: 0, sent: 0, acked: 0 })
    this.#headSeq = entry.seq
    entry.online = await this.#send(entry)
    this.#changed.add(entry)
    this.#trim()
    return entry.online
  }

  /** As control(), for an entry that is kept elsewhere; false: it is gone, or yet to come. */
  apply(seq: number, state: BroadcastState): boolean {
    const entry = this.#entries.get(seq)
    if (entry !== undefined && entry.state !== state) this.#switch(entry, state)
    return entry !== undefined
  }

  /** What this node has counted of entries since it was last asked, where it is more. */
  takeCounts(): (BroadcastReceipt & { readonly seq: number; readonly expiresAtS: number })[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed.map((entry) => {
      const { seq, expiresAtS, online, sent, acked } = entry
      return { ...receiptOf(entry), seq, expiresAtS, online, sent, acked }
    })
  }

  find(pushId: string): { readonly seq: number; readonly expiresAtS: number } | null {
    return this.#find(pushId)
  }

  receipt(pushId: string): BroadcastReceipt | null {
    const entry = this.#find(pushId)
    return entry && receiptOf(entry)
  }

  /**
   * Pauses, resumes or cancels; null where there is no such broadcast. Durable when it resolves.
   */
  async control(pushId: string, state: BroadcastState): Promise<BroadcastReceipt | null> {
    const entry = this.#find(pushId)
    if (entry === null) return null
    this.#switch(entry, state)
    this.#commits.batch.records.push({ key: entryKey(entry.seq), value: headerOf(entry) })
    await this.#commits.commit()
    return receiptOf(entry)
  }

  onProgress({ seqs, sent, acked }: LogProgress): void {
    for (let row = 0; row < seqs.length; row++) {
      const entry = this.#entries.get(seqs[row])
      if (entry === undefined) continue
      entry.sent += sent[row]
      entry.acked += acked[row]
      this.#changed.add(entry)
    }
  }

  #keep(entry: Kept): Kept {
    this.#entries.set(entry.seq, entry)
    this.#seqs.set(entry.pushId, entry.seq)
    this.#bytes += entry.payload.length
    return entry
  }

  #switch(entry: Kept, state: BroadcastState): void {
    // What was cancelled stays so: devices may have gone past it.
    if (entry.state !== 'cancelled') entry.state = state
    for (const shard of this.#group.alive) {
      shard.link.post({ kind: 'log-state', seq: entry.seq, state: entry.state })
    }
  }

  async #send(entry: Kept): Promise<number> {
    const asked = this.#group.alive.map((shard) => {
      // Pushes that were accepted before must not be overtaken.
      shard.batch.flush()
      return this.#group.ask<'broadcast-started'>(shard, (requestId) => ({
        kind: 'log-entry',
        requestId,
        entry: entryOf(entry),
      }))
    })
    const answers = await Promise.all(asked)
    return answers.reduce((sum, answer) => sum + (answer?.receivers ?? 0), 0)
  }

  #find(pushId: string): Kept | null {
    const seq = this.#seqs.get(pushId)
    return seq === undefined ? null : (this.#entries.get(seq) ?? null)
  }

  #look(): void {
    const nowS = nowSeconds()
    for (const entry of this.#entries.values()) {
      // Kept a while longer, so that its receipts can be read.
      if (entry.expiresAtS + RECEIPT_SECONDS > nowS) break
      this.#drop(entry)
    }
    this.#storeChanged()
  }

  #trim(): void {
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= ENTRIES_MAX && this.#bytes <= BYTES_MAX) return
      this.#drop(entry)
    }
  }

  #drop(entry: Kept): void {
    this.#entries.delete(entry.seq)
    this.#seqs.delete(entry.pushId)
    this.#changed.delete(entry)
    this.#bytes -= entry.payload.length
    if (!this.#isShared) this.#dropRecords(entry.seq)
    for (const shard of this.#group.alive) {
      shard.link.post({ kind: 'log-drop', upToSeq: entry.seq })
    }
  }

  #dropRecords(seq: number): void {
    const { records } = this.#commits.batch
    records.push({ key: entryKey(seq), value: null })
    records.push({ key: payloadKey(seq), value: null })
    this.#commits.schedule()
  }

  #storeChanged(): void {
    if (this.#changed.size === 0 || this.#isShared) return
    for (const entry of this.#changed) {
      this.#commits.batch.records.push({ key: entryKey(entry.seq), value: headerOf(entry) })
    }
    this.#changed.clear()
    this.#commits.schedule()
  }
}

function entryOf({ seq, tag, payload, expiresAtS, state }: Kept): LogEntry {
  return { seq, tag, payload, expiresAtS, state }
}

function headerOf({ payload: _payload, ...header }: Kept): Uint8Array {
  return Buffer.from(JSON.stringify(header))
}

function receiptOf({ online, sent, acked, expiresAtS, state }: Kept): BroadcastReceipt {
  const isExpired = expiresAtS <= nowSeconds()
  return {
    // An ack counts for all before it, also for what was cancelled before it was sent.
    ...{ accepted: online, stored: 1, online, sent, acked: Math.min(sent, acked) },
    expired: isExpired ? Math.max(0, sent - acked) : 0,
    trimmed: 0,
    state: isExpired ? 'expired' : state,
  }
}

/** Seqs of one width sort as numbers do; the entry comes before its payload. */
function entryKey(seq: number): string {
  return `${LOG_RECORD_PREFIX}${String(seq).padStart(10, '0')}/entry`
}

function payloadKey(seq: number): string {
  return `${LOG_RECORD_PREFIX}${String(seq).padStart(10, '0')}/payload`
}
