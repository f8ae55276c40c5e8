/**
 * The generator's side of its connections: one row per connection, one typed array per column,
 * indexed by Slot.
 *
 *   slot │ phase u8  │ target u8 │ row u32 │ sentSeq u32 │ …
 *      0 │ OPEN      │         0 │      17 │           3 │
 *      1 │ UPGRADING │         1 │      18 │           0 │
 *      2 │ FREE      │         · │       · │           · │
 *
 *   slot │ … heartbeatTicks u32 │ dueUs f64 │ writtenUs f64        row │ slot + 1 i32
 *      0 │                6_000 │         · │             ·         17 │            1
 *      1 │                    0 │    81.2e9 │        81.2e9         18 │            2
 *
 * A row is the place of a connection among those of this shard, whatever its slot is. dueUs and
 * writtenUs belong to what is awaited: the connect, the handshake, then the PONG (0: none).
 * 34 bytes a connection, and 8 for each kind of message that it receives.
 */
import { NO_SLOT, type Slot } from '../engine/socket-engine.ts'
import { SequenceWindows } from './sequence-windows.ts'

export const CONNECTION_PHASE = {
  FREE: 0,
  /** connect() was called. */
  CONNECTING: 1,
  /** The WebSocket upgrade is asked for. */
  UPGRADING: 2,
  /** HELLO is sent. */
  GREETING: 3,
  /** WELCOME came. */
  OPEN: 4,
} as const

/** Index = phase: as failures are named in a report. */
export const PHASE_NAMES = ['closed', 'connect', 'upgrade', 'hello', 'idle'] as const

export class ConnectionRows {
  readonly phase: Uint8Array
  /** Index into the targets of the run. */
  readonly target: Uint8Array
  readonly row: Uint32Array
  /** Upstream messages sent. */
  readonly sentSeq: Uint32Array
  /** Messages to this device alone. */
  readonly direct: SequenceWindows
  readonly broadcasts: SequenceWindows
  /** Messages to its room. */
  readonly rooms: SequenceWindows
  /** Granted heartbeat in ticks of the timer wheel. */
  readonly heartbeatTicks: Uint32Array
  readonly dueUs: Float64Array
  readonly writtenUs: Float64Array
  /** A row that connects anew goes on with the numbers that it has received. */
  keepsNumbers = false
  readonly #slotOfRow: Int32Array
  #openCount = 0

  constructor(capacity: number, rows: number) {
    this.phase = new Uint8Array(capacity)
    this.target = new Uint8Array(capacity)
    this.row = new Uint32Array(capacity)
    this.sentSeq = new Uint32Array(capacity)
    this.direct = new SequenceWindows(capacity)
    this.broadcasts = new SequenceWindows(capacity)
    this.rooms = new SequenceWindows(capacity)
    this.heartbeatTicks = new Uint32Array(capacity)
    this.dueUs = new Float64Array(capacity)
    this.writtenUs = new Float64Array(capacity)
    this.#slotOfRow = new Int32Array(rows)
  }

  /** Connections whose WELCOME came and that have not ended. */
  get openCount(): number {
    return this.#openCount
  }

  begin(slot: Slot, row: number, target: number, dueUs: number, writtenUs: number): void {
    this.phase[slot] = CONNECTION_PHASE.CONNECTING
    this.target[slot] = target
    this.row[slot] = row
    this.sentSeq[slot] = 0
    this.direct.clear(slot)
    this.broadcasts.clear(slot)
    this.rooms.clear(slot)
    if (this.keepsNumbers) this.#restoreNumbers(slot, row)
    this.dueUs[slot] = dueUs
    this.writtenUs[slot] = writtenUs
    this.#slotOfRow[row] = slot + 1
  }

  open(slot: Slot): void {
    this.phase[slot] = CONNECTION_PHASE.OPEN
    this.dueUs[slot] = 0
    this.writtenUs[slot] = 0
    this.#openCount += 1
  }

  /** Returns the phase that the connection was in; FREE where it had ended before. */
  end(slot: Slot): number {
    const phase = this.phase[slot]
    if (phase === CONNECTION_PHASE.FREE) return phase
    if (phase === CONNECTION_PHASE.OPEN) this.#openCount -= 1
    if (this.keepsNumbers) this.#keepNumbers(slot, this.row[slot])
    this.phase[slot] = CONNECTION_PHASE.FREE
    this.#slotOfRow[this.row[slot]] = 0
    return phase
  }

  /** NO_SLOT where the connection of this row is not up. */
  openSlotOf(row: number): Slot {
    const slot = this.#slotOfRow[row] - 1
    return slot >= 0 && this.phase[slot] === CONNECTION_PHASE.OPEN ? slot : NO_SLOT
  }

  slotOf(row: number): Slot {
    return this.#slotOfRow[row] - 1
  }

  #keepNumbers(slot: Slot, row: number): void {
    const rows = this.#slotOfRow.length
    this.direct.keep(slot, row, rows)
    this.broadcasts.keep(slot, row, rows)
    this.rooms.keep(slot, row, rows)
  }

  #restoreNumbers(slot: Slot, row: number): void {
    this.direct.restore(slot, row)
    this.broadcasts.restore(slot, row)
    this.rooms.restore(slot, row)
  }
}
