/**
 * Stored pushes on their way to one shard, gathered until the end of the loop turn. Apart from
 * ShardBatch, so that pushes of QoS 0 do not carry columns that they have no use for.
 */
import { grown } from '../store/device-rows.ts'
import type { StoredRows } from './inbox-messages.ts'

const ROWS_AT_START = 256
const PAYLOAD_BYTES_AT_START = 64 * 1024
const PAYLOAD_BYTES_MAX = 4 << 20

export class StoredBatch {
  readonly #post: (rows: StoredRows) => void
  #slots = new Int32Array(ROWS_AT_START)
  #generations = new Uint16Array(ROWS_AT_START)
  #flags = new Uint8Array(ROWS_AT_START)
  #seqs = new Float64Array(ROWS_AT_START)
  #payloadEnds = new Uint32Array(ROWS_AT_START)
  #payloads = new Uint8Array(PAYLOAD_BYTES_AT_START)
  #payloadBytes = 0
  #count = 0
  #isScheduled = false

  constructor(post: (rows: StoredRows) => void) {
    this.#post = post
  }

  /** `payload` is bytes[start, end). */
  add(
    slot: number,
    generation: number,
    flags: number,
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#count === this.#slots.length) this.#growRows()
    this.#makeRoom(end - start)
    if (end > start) this.#payloads.set(bytes.subarray(start, end), this.#payloadBytes)
    this.#payloadBytes += end - start
    const row = this.#count++
    this.#slots[row] = slot
    this.#generations[row] = generation
    this.#flags[row] = flags
    this.#seqs[row] = seq
    this.#payloadEnds[row] = this.#payloadBytes
    if (this.#payloadBytes >= PAYLOAD_BYTES_MAX) this.flush()
    else this.#schedule()
  }

  flush(): void {
    const count = this.#count
    this.#isScheduled = false
    if (count === 0) return
    this.#post({
      kind: 'deliver-stored',
      slots: this.#slots.slice(0, count),
      generations: this.#generations.slice(0, count),
      flags: this.#flags.slice(0, count),
      seqs: this.#seqs.slice(0, count),
      payloadEnds: this.#payloadEnds.slice(0, count),
      payloads: this.#payloads.slice(0, this.#payloadBytes),
    })
    this.#count = 0
    this.#payloadBytes = 0
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.flush())
  }

  #makeRoom(bytes: number): void {
    const needed = this.#payloadBytes + bytes
    if (needed <= this.#payloads.length) return
    this.#payloads = grown(this.#payloads, Math.max(this.#payloads.length * 2, needed))
  }

  #growRows(): void {
    const rows = this.#slots.length * 2
    this.#slots = grown(this.#slots, rows)
    this.#generations = grown(this.#generations, rows)
    this.#flags = grown(this.#flags, rows)
    this.#seqs = grown(this.#seqs, rows)
    this.#payloadEnds = grown(this.#payloadEnds, rows)
  }
}
