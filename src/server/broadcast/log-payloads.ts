/**
 * Where the payloads of the log are: in the store of a node with a folder, from which they are read
 * when devices need them; else in blocks of a slab, named by four bytes an entry.
 */
import { ByteSlab, NO_BLOCK } from '../../engine/byte-slab.ts'
import type { PushStore } from '../store/push-store.ts'
import { payloadRecord } from './log-records.ts'
import { FIELD, type NodeEntries } from './node-entries.ts'

export interface LogPayloads {
  /** The entry has a row. */
  keep(seq: number, payload: Uint8Array): void
  /** Before its row goes. */
  forget(seq: number): void
  /** null where there is none. Rejects where they cannot be read now. */
  read(seqs: readonly number[]): Promise<readonly (Uint8Array | null)[]>
}

/** They are written with their entries, as records. */
export class StoredPayloads implements LogPayloads {
  readonly #store: PushStore

  constructor(store: PushStore) {
    this.#store = store
  }

  keep(): void {}

  forget(): void {}

  read(seqs: readonly number[]): Promise<readonly (Uint8Array | null)[]> {
    return this.#store.readRecords(seqs.map(payloadRecord))
  }
}

export class MemoryPayloads implements LogPayloads {
  readonly #entries: NodeEntries
  readonly #slab: ByteSlab

  /** `bytesMax` of payloads: their blocks may take twice as much. */
  constructor(entries: NodeEntries, bytesMax: number) {
    this.#entries = entries
    this.#slab = new ByteSlab(2 * bytesMax + BLOCK_BYTES_OF_NEWEST)
  }

  keep(seq: number, payload: Uint8Array): void {
    const ref = this.#slab.allocate(payload.length)
    if (ref === NO_BLOCK) return
    this.#slab.bytesOf(ref).set(payload, this.#slab.offsetOf(ref))
    this.#entries.rows.set(seq, FIELD.PLACE, ref)
  }

  forget(seq: number): void {
    const ref = this.#entries.rows.get(seq, FIELD.PLACE)
    if (ref !== NO_BLOCK) this.#slab.free(ref)
  }

  async read(seqs: readonly number[]): Promise<readonly (Uint8Array | null)[]> {
    const { rows } = this.#entries
    return seqs.map((seq) => {
      const ref = rows.has(seq) ? rows.get(seq, FIELD.PLACE) : NO_BLOCK
      if (ref === NO_BLOCK) return null
      const start = this.#slab.offsetOf(ref)
      return this.#slab.bytesOf(ref).subarray(start, start + rows.get(seq, FIELD.BYTES))
    })
  }
}

/** The limit holds after the newest is in. */
const BLOCK_BYTES_OF_NEWEST = 1 << 20
