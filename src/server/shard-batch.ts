/**
 * What the main thread has for one shard, gathered until the end of the loop turn: pushes, verdicts
 * and closes each as one message of parallel arrays. A message costs about 30 µs however many rows
 * it has.
 */
import type { ShardDown } from './shard-messages.ts'

const ROWS_AT_START = 256
const PAYLOAD_BYTES_AT_START = 64 * 1024
/**
 * Sent at once when this much is gathered, so that a burst of pushes is not copied as one giant
 * message.
 */
const PAYLOAD_BYTES_MAX = 4 << 20

/** Rows of one kind of message; the third and fourth column mean what the kind says. */
class Rows {
  slots = new Int32Array(ROWS_AT_START)
  generations = new Uint16Array(ROWS_AT_START)
  values = new Uint32Array(ROWS_AT_START)
  codes = new Uint16Array(ROWS_AT_START)
  seqs = new Float64Array(ROWS_AT_START)
  flags = new Uint8Array(ROWS_AT_START)
  count = 0

  add(slot: number, generation: number, value: number, code: number, seq = 0, flag = 0): void {
    if (this.count === this.slots.length) this.#grow()
    this.slots[this.count] = slot
    this.generations[this.count] = generation
    this.values[this.count] = value
    this.codes[this.count] = code
    this.seqs[this.count] = seq
    this.flags[this.count] = flag
    this.count++
  }

  #grow(): void {
    const { slots, generations, values, codes, seqs, flags } = this
    const rows = slots.length * 2
    this.slots = new Int32Array(rows)
    this.slots.set(slots)
    this.generations = new Uint16Array(rows)
    this.generations.set(generations)
    this.values = new Uint32Array(rows)
    this.values.set(values)
    this.codes = new Uint16Array(rows)
    this.codes.set(codes)
    this.seqs = new Float64Array(rows)
    this.seqs.set(seqs)
    this.flags = new Uint8Array(rows)
    this.flags.set(flags)
  }
}

export class ShardBatch {
  readonly #post: (message: ShardDown) => void
  readonly #deliveries = new Rows()
  readonly #verdicts = new Rows()
  readonly #closes = new Rows()
  /** Where devices are sent that said HELLO here; few, because a node has one list. */
  #places: (readonly string[])[] = []
  #payloads = new Uint8Array(PAYLOAD_BYTES_AT_START)
  #payloadBytes = 0
  #scheduled = false

  constructor(post: (message: ShardDown) => void) {
    this.#post = post
  }

  addDelivery(slot: number, generation: number, payload: Uint8Array): void {
    this.#makeRoom(payload.length)
    this.#payloads.set(payload, this.#payloadBytes)
    this.#payloadBytes += payload.length
    this.#deliveries.add(slot, generation, this.#payloadBytes, 0)
    if (this.#payloadBytes >= PAYLOAD_BYTES_MAX) this.flush()
    else this.#schedule()
  }

  /** code 0 lets the device in; inboxSeq and resumed are for its WELCOME. */
  addVerdict(
    slot: number,
    generation: number,
    code: number,
    sessionId: number,
    inboxSeq = 0,
    resumed = false,
  ): void {
    this.#verdicts.add(slot, generation, sessionId, code, inboxSeq, Number(resumed))
    this.#schedule()
  }

  /** A verdict whose BYE names addresses; equal ones are best the same array. */
  addMove(slot: number, generation: number, code: number, addresses: readonly string[]): void {
    let place = this.#places.indexOf(addresses)
    if (place < 0) place = this.#places.push(addresses) - 1
    this.#verdicts.add(slot, generation, place, code)
    this.#schedule()
  }

  addClose(slot: number, generation: number, code: number): void {
    this.#closes.add(slot, generation, 0, code)
    this.#schedule()
  }

  flush(): void {
    this.#scheduled = false
    if (this.#closes.count > 0) this.#flushCloses()
    if (this.#verdicts.count > 0) this.#flushVerdicts()
    if (this.#deliveries.count > 0) this.#flushDeliveries()
  }

  #flushCloses(): void {
    const { count, slots, generations, codes } = this.#closes
    this.#post({
      kind: 'close',
      slots: slots.slice(0, count),
      generations: generations.slice(0, count),
      codes: codes.slice(0, count),
    })
    this.#closes.count = 0
  }

  #flushVerdicts(): void {
    const { count, slots, generations, codes, values, seqs, flags } = this.#verdicts
    this.#post({
      kind: 'verdicts',
      slots: slots.slice(0, count),
      generations: generations.slice(0, count),
      codes: codes.slice(0, count),
      sessionIds: values.slice(0, count),
      resumed: flags.slice(0, count),
      inboxSeqs: seqs.slice(0, count),
      ...(this.#places.length === 0 ? {} : { places: this.#places }),
    })
    this.#verdicts.count = 0
    this.#places = []
  }

  #flushDeliveries(): void {
    const { count, slots, generations, values } = this.#deliveries
    this.#post({
      kind: 'deliver',
      slots: slots.slice(0, count),
      generations: generations.slice(0, count),
      payloadEnds: values.slice(0, count),
      payloads: this.#payloads.slice(0, this.#payloadBytes),
    })
    this.#deliveries.count = 0
    this.#payloadBytes = 0
  }

  #makeRoom(bytes: number): void {
    if (this.#payloadBytes + bytes <= this.#payloads.length) return
    const larger = new Uint8Array(Math.max(this.#payloads.length * 2, this.#payloadBytes + bytes))
    larger.set(this.#payloads.subarray(0, this.#payloadBytes))
    this.#payloads = larger
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.flush())
  }
}
