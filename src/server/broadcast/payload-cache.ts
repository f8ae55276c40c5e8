/**
 * The payloads that a shard has used last, one behind the other in chunks of 1 MiB; the oldest
 * chunk is written over when all are full. A payload is named by its position, which counts bytes
 * from the start of the shard, so that one that was written over is known as such.
 *
 *   chunk │ positions              capacity 16 chunks, taken as they are needed
 *       0 │ 16 MiB … 17 MiB - 1
 *       1 │  1 MiB …  2 MiB - 1    the next to be written over
 */

const CHUNK_BYTES = 1 << 20
const CHUNKS = 16
/** Position of a payload that is not here. */
export const NO_POSITION = 0

export class PayloadCache {
  readonly #chunks: Uint8Array[] = []
  /** Position 0 is nobody's. */
  #end = 1

  /** Of at most 1 MiB. Returns its position. */
  add(payload: Uint8Array): number {
    const left = CHUNK_BYTES - (this.#end % CHUNK_BYTES)
    if (payload.length > left) this.#end += left
    const position = this.#end
    const at = this.#indexOf(position)
    this.#chunks[at] ??= new Uint8Array(CHUNK_BYTES)
    this.#chunks[at].set(payload, position % CHUNK_BYTES)
    // One byte more, so that an empty payload has a position of its own.
    this.#end += payload.length + 1
    return position
  }

  has(position: number): boolean {
    if (position === NO_POSITION) return false
    const firstChunk = Math.floor((this.#end - 1) / CHUNK_BYTES) - CHUNKS + 1
    return position >= firstChunk * CHUNK_BYTES
  }

  /** The chunk that holds it; it begins at offsetOf(position). */
  bytesOf(position: number): Uint8Array {
    return this.#chunks[this.#indexOf(position)]
  }

  offsetOf(position: number): number {
    return position % CHUNK_BYTES
  }

  #indexOf(position: number): number {
    return Math.floor(position / CHUNK_BYTES) % CHUNKS
  }
}
