/**
 * HELLOs and departures of a shard, gathered for the main thread: one message a turn, not one a
 * device.
 */
import type { Slot } from '../engine/socket-engine.ts'
import type { ShardUp } from './shard-messages.ts'
import { SipHash } from './sip-hash.ts'

const ROWS_AT_START = 1024

/** Parallel columns that grow together. */
class DeviceRows {
  slots = new Int32Array(ROWS_AT_START)
  generations = new Uint16Array(ROWS_AT_START)
  hashes = new Uint32Array(2 * ROWS_AT_START)
  textEnds = new Uint32Array(ROWS_AT_START * 2)
  flags = new Uint8Array(ROWS_AT_START)
  inboxSeqs = new Float64Array(ROWS_AT_START)
  sessionIds = new Uint32Array(ROWS_AT_START)
  count = 0

  add(slot: Slot, generation: number, hash: SipHash): void {
    if (this.count === this.slots.length) this.#grow()
    this.slots[this.count] = slot
    this.generations[this.count] = generation
    this.hashes[2 * this.count] = hash.high
    this.hashes[2 * this.count + 1] = hash.low
    this.count++
  }

  #grow(): void {
    const { slots, generations, hashes, textEnds, flags, inboxSeqs, sessionIds } = this
    this.sessionIds = new Uint32Array(slots.length * 2)
    this.sessionIds.set(sessionIds)
    this.flags = new Uint8Array(slots.length * 2)
    this.flags.set(flags)
    this.inboxSeqs = new Float64Array(slots.length * 2)
    this.inboxSeqs.set(inboxSeqs)
    this.slots = new Int32Array(slots.length * 2)
    this.slots.set(slots)
    this.generations = new Uint16Array(slots.length * 2)
    this.generations.set(generations)
    this.hashes = new Uint32Array(slots.length * 4)
    this.hashes.set(hashes)
    this.textEnds = new Uint32Array(slots.length * 4)
    this.textEnds.set(textEnds)
  }
}

export class JoinBatches {
  readonly #hash: SipHash
  readonly #post: (message: ShardUp) => void
  readonly #hellos = new DeviceRows()
  readonly #gone = new DeviceRows()
  #keptTags: { row: number; tags: readonly string[] }[] = []
  #texts = new Uint8Array(64 * 1024)
  #textBytes = 0

  constructor(hashKey: Uint32Array, post: (message: ShardUp) => void) {
    this.#hash = new SipHash(hashKey)
    this.#post = post
  }

  /** `id` and `token` are ranges of bytes; the token is empty where the device sent none. */
  addHello(
    slot: Slot,
    generation: number,
    bytes: Uint8Array,
    idStart: number,
    idEnd: number,
    tokenStart: number,
    tokenEnd: number,
    flags = 0,
    inboxSeq = 0,
  ): void {
    this.#hash.hash(bytes, idStart, idEnd)
    const row = this.#hellos.count
    this.#hellos.add(slot, generation, this.#hash)
    this.#hellos.flags[row] = flags
    this.#hellos.inboxSeqs[row] = inboxSeq
    this.#addText(bytes, idStart, idEnd)
    this.#hellos.textEnds[2 * row] = this.#textBytes
    this.#addText(bytes, tokenStart, tokenEnd)
    this.#hellos.textEnds[2 * row + 1] = this.#textBytes
  }

  /** `sessionId` 0: not to be resumed. `keptTags`: those of a session that bound some itself. */
  addGone(
    slot: Slot,
    generation: number,
    deviceId: Uint8Array,
    sessionId = 0,
    keptTags: readonly string[] = [],
  ): void {
    this.#hash.hash(deviceId, 0, deviceId.length)
    const row = this.#gone.count
    this.#gone.add(slot, generation, this.#hash)
    this.#gone.sessionIds[row] = sessionId
    if (keptTags.length > 0) this.#keptTags.push({ row, tags: keptTags })
  }

  /**
   * Posts what was gathered. Departures go first: a slot that left and was taken again in the same
   * turn must not have its new device removed.
   */
  flush(): void {
    if (this.#gone.count > 0) {
      const { count, slots, generations, hashes, sessionIds } = this.#gone
      const keptTags = this.#keptTags
      this.#post({
        kind: 'gone',
        slots: slots.slice(0, count),
        generations: generations.slice(0, count),
        hashes: hashes.slice(0, 2 * count),
        sessionIds: sessionIds.slice(0, count),
        ...(keptTags.length > 0 ? { keptTags } : {}),
      })
      this.#gone.count = 0
      this.#keptTags = []
    }
    if (this.#hellos.count === 0) return
    const { count, slots, generations, hashes, textEnds, flags, inboxSeqs } = this.#hellos
    this.#post({
      kind: 'hellos',
      slots: slots.slice(0, count),
      generations: generations.slice(0, count),
      hashes: hashes.slice(0, 2 * count),
      textEnds: textEnds.slice(0, 2 * count),
      texts: this.#texts.slice(0, this.#textBytes),
      flags: flags.slice(0, count),
      inboxSeqs: inboxSeqs.slice(0, count),
    })
    this.#hellos.count = 0
    this.#textBytes = 0
  }

  #addText(bytes: Uint8Array, start: number, end: number): void {
    while (this.#textBytes + end - start > this.#texts.length) {
      const larger = new Uint8Array(this.#texts.length * 2)
      larger.set(this.#texts)
      this.#texts = larger
    }
    for (let at = start; at < end; at++) this.#texts[this.#textBytes++] = bytes[at]
  }
}
