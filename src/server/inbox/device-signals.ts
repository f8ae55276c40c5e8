/**
 * What the devices of a shard say about their inboxes, gathered for the main thread: one message a
 * turn, not one an ack. Also which devices have lazy messages waiting, so that only their
 * heartbeats are told.
 */
import type { Slot } from '../../engine/socket-engine.ts'
import { grown } from '../store/device-rows.ts'
import { SIGNAL, type SignalRows } from './inbox-messages.ts'

const ROWS_AT_START = 1024

export class DeviceSignals {
  readonly #post: (rows: SignalRows) => void
  /** By slot; pages of it are touched only where there are lazy messages. */
  readonly #isHeld: Uint8Array
  #kinds = new Uint8Array(ROWS_AT_START)
  #slots = new Int32Array(ROWS_AT_START)
  #generations = new Uint16Array(ROWS_AT_START)
  #seqs = new Float64Array(ROWS_AT_START)
  #maxes = new Uint32Array(ROWS_AT_START)
  #count = 0

  constructor(capacity: number, post: (rows: SignalRows) => void) {
    this.#isHeld = new Uint8Array(capacity)
    this.#post = post
  }

  hold(slot: Slot): void {
    this.#isHeld[slot] = 1
  }

  /** A new device on this slot: what its predecessor waited for is not its own. */
  forget(slot: Slot): void {
    if (this.#isHeld[slot] !== 0) this.#isHeld[slot] = 0
  }

  addAck(slot: Slot, generation: number, seq: number): void {
    // Acks are cumulative: a second one of a device in the same batch replaces the first.
    const last = this.#count - 1
    if (last >= 0 && this.#slots[last] === slot && this.#kinds[last] === SIGNAL.ACK) {
      if (this.#generations[last] === generation) {
        if (seq > this.#seqs[last]) this.#seqs[last] = seq
        return
      }
    }
    this.#add(SIGNAL.ACK, slot, generation, seq, 0)
  }

  addPull(slot: Slot, generation: number, afterSeq: number, max: number): void {
    this.#add(SIGNAL.PULL, slot, generation, afterSeq, Math.min(max, 0xffffffff))
  }

  onHeartbeat(slot: Slot, generation: number): void {
    if (this.#isHeld[slot] === 0) return
    this.#isHeld[slot] = 0
    this.#add(SIGNAL.HEARTBEAT, slot, generation, 0, 0)
  }

  flush(): void {
    const count = this.#count
    if (count === 0) return
    this.#count = 0
    this.#post({
      kind: 'signals',
      kinds: this.#kinds.slice(0, count),
      slots: this.#slots.slice(0, count),
      generations: this.#generations.slice(0, count),
      seqs: this.#seqs.slice(0, count),
      maxes: this.#maxes.slice(0, count),
    })
  }

  #add(kind: number, slot: Slot, generation: number, seq: number, max: number): void {
    if (this.#count === this.#slots.length) this.#grow()
    const row = this.#count++
    this.#kinds[row] = kind
    this.#slots[row] = slot
    this.#generations[row] = generation
    this.#seqs[row] = seq
    this.#maxes[row] = max
  }

  #grow(): void {
    const rows = this.#slots.length * 2
    this.#kinds = grown(this.#kinds, rows)
    this.#slots = grown(this.#slots, rows)
    this.#generations = grown(this.#generations, rows)
    this.#seqs = grown(this.#seqs, rows)
    this.#maxes = grown(this.#maxes, rows)
  }
}
