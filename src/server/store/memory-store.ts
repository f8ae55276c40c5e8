/**
 * Stored pushes in the memory of this process: the store of a node without `--data-dir`. They end
 * with it, and so do sequence numbers. A payload is a block of a slab (powers of two, so up to half
 * of it is unused), named by four bytes per message row.
 */
import { randomFillSync } from 'node:crypto'
import { ByteSlab, NO_BLOCK } from '../../engine/byte-slab.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { grown } from './device-rows.ts'
import type { InboxTables } from './inbox-tables.ts'
import { MESSAGE_FLAG } from './message-rows.ts'
import type { PushStore } from './push-store.ts'
import type { WriteBatch } from './write-batch.ts'

const PAYLOAD_BYTES_MAX = 256 << 20

export class MemoryStore implements PushStore {
  readonly isDurable = false
  readonly wantsWrite = false
  readonly hashKey = randomFillSync(new Uint32Array(4))
  readonly #slab: ByteSlab
  #tables: InboxTables | null = null
  /** By message row. */
  #refs = new Uint32Array(1024)

  constructor(payloadBytesMax = PAYLOAD_BYTES_MAX) {
    this.#slab = new ByteSlab(payloadBytesMax)
  }

  async load(tables: InboxTables): Promise<void> {
    this.#tables = tables
  }

  async write(batch: WriteBatch): Promise<void> {
    for (let put = 0; put < batch.putCount; put++) {
      if (this.#keep(batch, put)) continue
      for (let done = 0; done < put; done++) this.#release(batch.putRows[done])
      throw this.#full()
    }
    for (let at = 0; at < batch.removalCount; at++) this.#release(batch.removedRows[at])
  }

  async read(
    _devices: Uint32Array,
    rows: Uint32Array,
    count: number,
  ): Promise<readonly (Uint8Array | null)[]> {
    const { seqs, flags, bytes } = this.#messages()
    const payloads: (Uint8Array | null)[] = []
    for (let at = 0; at < count; at++) {
      const row = rows[at]
      const ref = row < this.#refs.length ? this.#refs[row] : NO_BLOCK
      if (ref === NO_BLOCK || seqs[row] === 0 || flags[row] & MESSAGE_FLAG.REMOVED) {
        payloads.push(null)
      } else {
        const start = this.#slab.offsetOf(ref)
        payloads.push(this.#slab.bytesOf(ref).subarray(start, start + bytes[row]))
      }
    }
    return payloads
  }

  /** What ends with the process is kept by whoever would write it. */
  async readRecords(names: readonly string[]): Promise<readonly null[]> {
    return names.map(() => null)
  }

  async close(): Promise<void> {}

  #keep(batch: WriteBatch, put: number): boolean {
    const start = batch.payloadStart(put)
    const end = batch.payloadEnds[put]
    const ref = this.#slab.allocate(end - start)
    if (ref === NO_BLOCK) return false
    const page = this.#slab.bytesOf(ref)
    page.set(batch.payloads.subarray(start, end), this.#slab.offsetOf(ref))
    const row = batch.putRows[put]
    if (row >= this.#refs.length) {
      this.#refs = grown(this.#refs, Math.max(this.#refs.length * 2, this.#messages().nexts.length))
    }
    this.#refs[row] = ref
    return true
  }

  #release(row: number): void {
    if (row >= this.#refs.length || this.#refs[row] === NO_BLOCK) return
    this.#slab.free(this.#refs[row])
    this.#refs[row] = NO_BLOCK
  }

  #messages() {
    if (this.#tables === null) throw new Error('a store is loaded before it is used')
    return this.#tables.messages
  }

  #full(): PushctlError {
    const limit = `${Math.round(this.#slab.bytesMax / 2 ** 20)} MiB`
    const message = `expected room for a stored push, the ${limit} of the store are in use`
    return new PushctlError('PUSHCTL_STORE_FULL', message, {
      why: 'devices that are offline, or do not ack, hold what was pushed to them',
      tries: ['a shorter ttlSeconds', '--data-dir DIR keeps stored pushes on disk'],
    })
  }
}
