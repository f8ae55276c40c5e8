/**
 * The entries of the log as the main thread knows them: 44 bytes each and 8–16 in the index by push
 * id, whatever their number. Payloads are elsewhere (log-payloads.ts), tags and push ids are known
 * by their hashes; the texts stand in the store.
 */
import { HashIndex } from '../hash-index.ts'
import type { LogColumns } from './broadcast-messages.ts'
import { EntryRows, STATE_FIELD } from './entry-rows.ts'

export const FIELD = {
  STATE: STATE_FIELD,
  EXPIRES_AT_S: 1,
  BYTES: 2,
  TAG_HIGH: 3,
  TAG_LOW: 4,
  ONLINE: 5,
  SENT: 6,
  ACKED: 7,
  ID_HIGH: 8,
  ID_LOW: 9,
  /** Where the payload is, as log-payloads.ts knows it. */
  PLACE: 10,
} as const
const FIELDS = 11
/** In one message to a shard. */
const PART_ROWS = 65_536

export class NodeEntries {
  readonly rows = new EntryRows(FIELDS)
  #count = 0
  #bytes = 0
  readonly #byId = new HashIndex({
    isKey: (seq, high, low) =>
      this.rows.get(seq, FIELD.ID_LOW) === low && this.rows.get(seq, FIELD.ID_HIGH) === high,
    lowOf: (seq) => this.rows.get(seq, FIELD.ID_LOW),
  })

  get count(): number {
    return this.#count
  }

  /** Of all payloads. */
  get bytes(): number {
    return this.#bytes
  }

  /** An entry above all others; its other fields are 0 until they are set. */
  add(seq: number, state: number, expiresAtS: number, idHigh: number, idLow: number): void {
    const { rows } = this
    rows.append(seq)
    rows.set(seq, FIELD.STATE, state)
    rows.set(seq, FIELD.EXPIRES_AT_S, expiresAtS)
    rows.set(seq, FIELD.ID_HIGH, idHigh)
    rows.set(seq, FIELD.ID_LOW, idLow)
    this.#byId.put(idHigh, idLow, seq)
    this.#count++
  }

  setBytes(seq: number, bytes: number): void {
    this.#bytes += bytes - this.rows.get(seq, FIELD.BYTES)
    this.rows.set(seq, FIELD.BYTES, bytes)
  }

  /** 0 where there is no such push. */
  findById(idHigh: number, idLow: number): number {
    return this.#byId.find(idHigh, idLow)
  }

  /** The oldest goes. Returns its number; 0: there was none, only a number that nobody has. */
  dropFirst(): number {
    const { rows } = this
    const seq = rows.firstSeq
    const isEntry = rows.has(seq)
    if (isEntry) {
      const [high, low] = [rows.get(seq, FIELD.ID_HIGH), rows.get(seq, FIELD.ID_LOW)]
      if (this.#byId.find(high, low) === seq) this.#byId.remove(high, low)
      this.#bytes -= rows.get(seq, FIELD.BYTES)
      this.#count--
    }
    rows.dropUpTo(seq)
    return isEntry ? seq : 0
  }

  /** Of one entry, or of all, in parts that a message may carry. */
  columnsOf(seq: number): LogColumns {
    return this.#columns(seq, seq)
  }

  *parts(): Generator<LogColumns> {
    const { rows } = this
    for (let seq = rows.firstSeq; seq <= rows.lastSeq; seq += PART_ROWS) {
      yield this.#columns(seq, Math.min(seq + PART_ROWS - 1, rows.lastSeq))
    }
  }

  #columns(firstSeq: number, lastSeq: number): LogColumns {
    const { rows } = this
    const seqs = new Float64Array(lastSeq - firstSeq + 1)
    let count = 0
    for (let seq = firstSeq; seq <= lastSeq; seq++) if (rows.has(seq)) seqs[count++] = seq
    const own = seqs.slice(0, count)
    return {
      seqs: own,
      states: this.#columnOf(own, FIELD.STATE, new Uint8Array(count)),
      expiresAtS: this.#columnOf(own, FIELD.EXPIRES_AT_S, new Uint32Array(count)),
      bytes: this.#columnOf(own, FIELD.BYTES, new Uint32Array(count)),
      tagHighs: this.#columnOf(own, FIELD.TAG_HIGH, new Uint32Array(count)),
      tagLows: this.#columnOf(own, FIELD.TAG_LOW, new Uint32Array(count)),
    }
  }

  /** A loop: TypedArray.from() makes an object of each number. */
  #columnOf<Column extends Uint8Array | Uint32Array>(
    seqs: Float64Array,
    field: number,
    column: Column,
  ): Column {
    for (let at = 0; at < seqs.length; at++) column[at] = this.rows.get(seqs[at], field)
    return column
  }
}
