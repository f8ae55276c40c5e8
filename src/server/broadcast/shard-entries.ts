/**
 * The entries of the log as a shard knows them: their rows, their chains by tag, and the payloads
 * that it has used last. 52 bytes an entry; the payloads themselves stay with the main thread.
 */
import type { LogColumns, LogProgress } from './broadcast-messages.ts'
import { STATE } from './broadcast-messages.ts'
import { EntryRows, STATE_FIELD } from './entry-rows.ts'
import { NO_POSITION, PayloadCache } from './payload-cache.ts'
import { TagChains } from './tag-chains.ts'

const FIELD = {
  STATE: STATE_FIELD,
  EXPIRES_AT_S: 1,
  BYTES: 2,
  TAG_HIGH: 3,
  TAG_LOW: 4,
  /** Since the last report. */
  SENT: 5,
  ACKED: 6,
  PREVIOUS: 7,
  NEXT: 8,
  JUMP: 9,
  DEPTH: 10,
  /** Position of its payload in the cache: units of 4 GiB, and bytes. */
  POSITION_HIGH: 11,
  POSITION_LOW: 12,
} as const
const FIELDS = 13
const U32 = 2 ** 32

export class ShardEntries {
  readonly cache = new PayloadCache()
  readonly chains: TagChains
  readonly #rows = new EntryRows(FIELDS)
  /** Ascending. */
  readonly #paused: number[] = []
  /** Have something to report. */
  #changed: number[] = []

  constructor() {
    this.chains = new TagChains(this.#rows, {
      tagHigh: FIELD.TAG_HIGH,
      tagLow: FIELD.TAG_LOW,
      previous: FIELD.PREVIOUS,
      next: FIELD.NEXT,
      jump: FIELD.JUMP,
      depth: FIELD.DEPTH,
    })
  }

  get lastSeq(): number {
    return this.#rows.isEmpty ? 0 : this.#rows.lastSeq
  }

  add(columns: LogColumns): void {
    const rows = this.#rows
    for (let at = 0; at < columns.seqs.length; at++) {
      const seq = columns.seqs[at]
      if (seq <= rows.lastSeq) continue
      rows.append(seq)
      rows.set(seq, FIELD.EXPIRES_AT_S, columns.expiresAtS[at])
      rows.set(seq, FIELD.BYTES, columns.bytes[at])
      rows.set(seq, FIELD.TAG_HIGH, columns.tagHighs[at])
      rows.set(seq, FIELD.TAG_LOW, columns.tagLows[at])
      this.chains.append(seq)
      this.setState(seq, columns.states[at])
    }
  }

  /** Forgets all up to this one. */
  drop(upToSeq: number): void {
    const rows = this.#rows
    const end = Math.min(upToSeq, rows.lastSeq)
    for (let seq = rows.firstSeq; seq <= end; seq++) {
      if (rows.has(seq)) this.chains.dropFirst(seq)
    }
    rows.dropUpTo(upToSeq)
    while (this.#paused.length > 0 && this.#paused[0] <= upToSeq) this.#paused.shift()
  }

  /** 0: there is no such entry. */
  stateOf(seq: number): number {
    return this.#rows.has(seq) ? this.#rows.get(seq, FIELD.STATE) : 0
  }

  setState(seq: number, state: number): void {
    this.#rows.set(seq, FIELD.STATE, state)
    const at = this.#paused.findIndex((each) => each >= seq)
    if (at >= 0 && this.#paused[at] === seq) this.#paused.splice(at, 1)
    if (state === STATE.PAUSED) this.#paused.splice(at < 0 ? this.#paused.length : at, 0, seq)
  }

  /** Those that are paused, ascending; there are few. */
  get paused(): readonly number[] {
    return this.#paused
  }

  /** It is there, not cancelled, and its time is not over. */
  isDue(seq: number, nowS: number): boolean {
    const state = this.stateOf(seq)
    if (state === 0 || state === STATE.CANCELLED) return false
    return this.#rows.get(seq, FIELD.EXPIRES_AT_S) > nowS
  }

  bytesOf(seq: number): number {
    return this.#rows.get(seq, FIELD.BYTES)
  }

  isToAll(seq: number): boolean {
    return this.tagHighOf(seq) === 0 && this.tagLowOf(seq) === 0
  }

  tagHighOf(seq: number): number {
    return this.#rows.get(seq, FIELD.TAG_HIGH)
  }

  tagLowOf(seq: number): number {
    return this.#rows.get(seq, FIELD.TAG_LOW)
  }

  keepPayload(seq: number, payload: Uint8Array): void {
    const position = this.cache.add(payload)
    this.#rows.set(seq, FIELD.POSITION_HIGH, Math.floor(position / U32))
    this.#rows.set(seq, FIELD.POSITION_LOW, position % U32)
  }

  /** Its position in the cache; NO_POSITION where it must be asked for. */
  positionOf(seq: number): number {
    const rows = this.#rows
    const high = rows.get(seq, FIELD.POSITION_HIGH)
    const position = high * U32 + rows.get(seq, FIELD.POSITION_LOW)
    return this.cache.has(position) ? position : NO_POSITION
  }

  countSent(seq: number): void {
    this.#count(seq, FIELD.SENT)
  }

  countAcked(seq: number): void {
    this.#count(seq, FIELD.ACKED)
  }

  /** What happened since the last call; null where nothing did. */
  takeProgress(): LogProgress | null {
    const changed = this.#changed.filter((seq) => this.#rows.has(seq))
    this.#changed = []
    if (changed.length === 0) return null
    const of = (field: number) => Uint32Array.from(changed, (seq) => this.#rows.get(seq, field))
    const progress: LogProgress = {
      kind: 'log-progress',
      seqs: Float64Array.from(changed),
      sent: of(FIELD.SENT),
      acked: of(FIELD.ACKED),
    }
    for (const seq of changed) {
      this.#rows.set(seq, FIELD.SENT, 0)
      this.#rows.set(seq, FIELD.ACKED, 0)
    }
    return progress
  }

  #count(seq: number, field: number): void {
    const rows = this.#rows
    if (rows.get(seq, FIELD.SENT) === 0 && rows.get(seq, FIELD.ACKED) === 0) {
      this.#changed.push(seq)
    }
    rows.set(seq, field, rows.get(seq, field) + 1)
  }
}
