/**
 * What a shard knows of each device, beside what the engine knows of its socket: one row per slot,
 * one array per column.
 *
 *   slot │ phase u8  │ carrier u8 │ network u8 │ heartbeat s u16 │ last seen tick u32 │
 *      0 │ JOINED    │ TCP        │ WIFI       │             300 │              1_204 │
 *      1 │ UPGRADING │ JSON       │ ·          │               · │              1_201 │
 *
 *   slot │ joined tick u32 │ session u32 │ id ref u32, bytes u8
 *      0 │             960 │          17 │ 33, 12
 *      1 │               · │           · │ ·
 *
 * 22 bytes a row and the device id in a block of the slab (16 bytes for ids up to 16), 38 in all
 * for an idle device; the columns of unfinished WebSocket messages are touched only where there is
 * one.
 */
import { ByteSlab, NO_BLOCK } from '../engine/byte-slab.ts'
import type { Slot } from '../engine/socket-engine.ts'

export const SESSION_PHASE = {
  FREE: 0,
  /** WebSocket listener: the HTTP request is not complete. */
  UPGRADING: 1,
  AWAITING_HELLO: 2,
  /** The main thread decides; bytes that follow the HELLO wait. */
  JOINING: 3,
  JOINED: 4,
  /** A trusted balancer says first who the device is (protocol/proxy-header.ts). */
  PROXY_HEADER: 5,
} as const

export const CARRIER = { TCP: 0, WS_BINARY: 1, WS_JSON: 2 } as const
export const CARRIER_NAMES = ['tcp', 'push.v1', 'push.v1.json'] as const

export class SessionTable {
  readonly phaseOf: Uint8Array
  readonly carrierOf: Uint8Array
  readonly networkOf: Uint8Array
  readonly heartbeatSeconds: Uint16Array
  readonly lastSeenTicks: Uint32Array
  /** Of the slot that is read just now: ticks since the bytes before. */
  silenceTicks = 0
  readonly sessionIds: Uint32Array
  readonly joinedTicks: Uint32Array
  /** 1: its tags are not those of its HELLO any more. Touched by BIND only. */
  readonly hasBound: Uint8Array
  /** Unfinished WebSocket message, see WebSocketReader. */
  readonly assembledBytes: Uint32Array
  readonly fragmentOpcodes: Uint8Array
  readonly #idRefs: Uint32Array
  readonly #idBytes: Uint8Array
  readonly #ids: ByteSlab
  /** No row at or above was ever used: what walks over all devices stops here. */
  #usedEnd = 0
  #joinedCount = 0

  constructor(capacity: number) {
    this.phaseOf = new Uint8Array(capacity)
    this.carrierOf = new Uint8Array(capacity)
    this.networkOf = new Uint8Array(capacity)
    this.heartbeatSeconds = new Uint16Array(capacity)
    this.lastSeenTicks = new Uint32Array(capacity)
    this.sessionIds = new Uint32Array(capacity)
    this.joinedTicks = new Uint32Array(capacity)
    this.hasBound = new Uint8Array(capacity)
    this.assembledBytes = new Uint32Array(capacity)
    this.fragmentOpcodes = new Uint8Array(capacity)
    this.#idRefs = new Uint32Array(capacity)
    this.#idBytes = new Uint8Array(capacity)
    // An id is at most 128 bytes, so the cap can not be met before the table is full.
    this.#ids = new ByteSlab(capacity * 128 + (1 << 20))
  }

  get usedEnd(): number {
    return this.#usedEnd
  }

  get joinedCount(): number {
    return this.#joinedCount
  }

  isJoined(slot: Slot): boolean {
    return this.phaseOf[slot] === SESSION_PHASE.JOINED
  }

  isFree(slot: Slot): boolean {
    return this.phaseOf[slot] === SESSION_PHASE.FREE
  }

  begin(slot: Slot, phase: number, carrier: number, tick: number): void {
    this.phaseOf[slot] = phase
    this.carrierOf[slot] = carrier
    this.lastSeenTicks[slot] = tick
    if (slot >= this.#usedEnd) this.#usedEnd = slot + 1
  }

  /** The HELLO was read: bytes[start, end) is the device id. */
  setDevice(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    const ref = this.#ids.allocate(end - start)
    const page = this.#ids.bytesOf(ref)
    const at = this.#ids.offsetOf(ref)
    for (let i = 0; i < end - start; i++) page[at + i] = bytes[start + i]
    this.#idRefs[slot] = ref
    this.#idBytes[slot] = end - start
    this.phaseOf[slot] = SESSION_PHASE.JOINING
  }

  setJoined(slot: Slot, sessionId: number, tick: number): void {
    this.phaseOf[slot] = SESSION_PHASE.JOINED
    this.sessionIds[slot] = sessionId
    this.joinedTicks[slot] = tick
    this.#joinedCount++
  }

  hasDevice(slot: Slot): boolean {
    return this.#idRefs[slot] !== NO_BLOCK
  }

  /** The id's bytes: a view, good until the session ends. Not for the hot path. */
  deviceIdOf(slot: Slot): Uint8Array {
    const ref = this.#idRefs[slot]
    const at = this.#ids.offsetOf(ref)
    return this.#ids.bytesOf(ref).subarray(at, at + this.#idBytes[slot])
  }

  end(slot: Slot): void {
    if (this.phaseOf[slot] === SESSION_PHASE.JOINED) this.#joinedCount--
    this.phaseOf[slot] = SESSION_PHASE.FREE
    if (this.assembledBytes[slot] !== 0) this.assembledBytes[slot] = 0
    if (this.fragmentOpcodes[slot] !== 0) this.fragmentOpcodes[slot] = 0
    if (this.hasBound[slot] !== 0) this.hasBound[slot] = 0
    if (this.#idRefs[slot] === NO_BLOCK) return
    this.#ids.free(this.#idRefs[slot])
    this.#idRefs[slot] = NO_BLOCK
  }
}
