/**
 * Which devices of a shard have their payloads sealed, and under which key. Only a device that asks
 * for it in HELLO costs anything: a byte of a column and, from its first payload on, its key.
 *
 *   slot │ number u8 │ key ref u32 ─► 32 bytes of a slab
 *      7 │         2 │ 19
 *      8 │         0 │ ·
 *
 * 37 bytes a device that asks, none for others. Keys are derived when they are needed, after the
 * device was let in: strangers make no work.
 */
import { randomBytes } from 'node:crypto'
import { ByteSlab, NO_BLOCK } from '../../engine/byte-slab.ts'
import type { Slot } from '../../engine/socket-engine.ts'
import type { FrameReader } from '../../protocol/frame-reader.ts'
import { headOfMsg, headOfSend } from '../../protocol/payload-heads.ts'
import { PAYLOAD_KEY_NUMBER_MAX, type PayloadKey } from '../../protocol/payload-keys.ts'
import {
  deviceKeyFrom,
  nextNonce,
  openPayload,
  PAYLOAD_KEY_BYTES,
  sealPayload,
} from '../../protocol/payload-seal.ts'
import type { SessionTable } from '../session-table.ts'

/** Where the number of the key stands in the flags of HELLO. */
const NUMBER_SHIFT = 4

export class PayloadSeals {
  readonly #sessions: SessionTable
  readonly #capacity: number
  /** By number. */
  #masters: (Uint8Array | undefined)[] = []
  /** Made for the first device that asks. */
  #numbers = new Uint8Array(0)
  #keyRefs = new Uint32Array(0)
  readonly #keys: ByteSlab

  constructor(sessions: SessionTable, capacity: number, masters: readonly PayloadKey[]) {
    this.#sessions = sessions
    this.#capacity = capacity
    this.#keys = new ByteSlab(capacity * PAYLOAD_KEY_BYTES + (1 << 20))
    this.replaceMasters(masters)
  }

  /** Sessions that go on keep the keys that they have used. */
  replaceMasters(masters: readonly PayloadKey[]): void {
    this.#masters = []
    for (const { number, key } of masters) this.#masters[number] = key
  }

  /** The flags of a HELLO; false where it names a key that this node does not have. */
  onHello(slot: Slot, flags: number): boolean {
    const number = (flags >> NUMBER_SHIFT) & PAYLOAD_KEY_NUMBER_MAX
    // Without any key these bits are none that this node knows.
    if (number === 0 || this.#masters.length === 0) return true
    if (this.#masters[number] === undefined) return false
    if (this.#numbers.length === 0) {
      this.#numbers = new Uint8Array(this.#capacity)
      this.#keyRefs = new Uint32Array(this.#capacity)
    }
    this.#numbers[slot] = number
    return true
  }

  isSealed(slot: Slot): boolean {
    return this.#numbers[slot] > 0
  }

  forget(slot: Slot): void {
    if (!this.isSealed(slot)) return
    this.#numbers[slot] = 0
    if (this.#keyRefs[slot] === NO_BLOCK) return
    this.#keys.free(this.#keyRefs[slot])
    this.#keyRefs[slot] = NO_BLOCK
  }

  /** The container of bytes[start, end) for a MSG with these flags and number. */
  seal(
    slot: Slot,
    flags: number,
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): Uint8Array {
    const payload = bytes.subarray(start, end)
    return sealPayload(this.#keyOf(slot), nextNonce(), headOfMsg(flags, seq), payload)
  }

  /** What a SEND holds; null where its payload is not one that this device has sealed. */
  open(slot: Slot, frame: FrameReader, bytes: Uint8Array): Uint8Array | null {
    const container = bytes.subarray(frame.payloadStart, frame.payloadEnd)
    return openPayload(this.#keyOf(slot), headOfSend(bytes, frame), container)
  }

  #keyOf(slot: Slot): Uint8Array {
    if (this.#keyRefs[slot] === NO_BLOCK) this.#derive(slot)
    const ref = this.#keyRefs[slot]
    const at = this.#keys.offsetOf(ref)
    return this.#keys.bytesOf(ref).subarray(at, at + PAYLOAD_KEY_BYTES)
  }

  #derive(slot: Slot): void {
    // Its master may have been taken out of the file since HELLO: then nobody has the key.
    const master = this.#masters[this.#numbers[slot]] ?? randomBytes(PAYLOAD_KEY_BYTES)
    const key = deviceKeyFrom(master, this.#sessions.deviceIdOf(slot))
    const ref = this.#keys.allocate(PAYLOAD_KEY_BYTES)
    this.#keys.bytesOf(ref).set(key, this.#keys.offsetOf(ref))
    this.#keyRefs[slot] = ref
  }
}
