/**
 * What the node knows of each device that uses its inbox: one row per device, one array per column,
 * found by the 64-bit keyed hash of the device id (sip-hash.ts) in an index (hash-index.ts).
 *
 *   row │ hash high, low │ next seq f64 │ head, tail, unsent u32 │ pending count, bytes u32
 *     1 │ 0x9f3a…, 0x11… │           43 │ 17, 19, 19             │ 3, 768
 *
 *   row │ sent count, bytes u32 │ lazy due s u32 │ shard u16, slot i32, gen. u16 │ flags, rounds u8
 *     1 │ 2, 512                │              · │ 0, 4411, 3                    │ WILL_ACK, 0
 *
 * 58 bytes a row and 8–16 of the index. Only devices with an inbox have one: idle connections and
 * pushes of QoS 0 never touch this table. Row 0 is nobody. Rows are never given back, because a row
 * holds the next sequence number, which must not start again.
 */
import { HashIndex } from '../hash-index.ts'

const ROWS_AT_START = 1024
export const NO_ROW = 0
export const NO_SHARD = 0xffff

export const DEVICE_FLAG = {
  WANTS_NOTIFY: 1,
  WILL_ACK: 2,
  /** Messages wait that are not handed over on this connection: what comes new queues behind. */
  BEHIND: 4,
  /** What waits is lazy, until the next heartbeat. */
  HELD: 8,
  /** In the list of devices to be served by the next read of the store. */
  QUEUED: 16,
  /** It was told that there is something to pull, and nothing goes out before it does. */
  NOTIFIED: 32,
} as const

const COLUMNS = [
  'highs',
  'lows',
  'nextSeqs',
  'heads',
  'tails',
  'unsent',
  'pendingCounts',
  'pendingBytes',
  'sentCounts',
  'sentBytes',
  'lazyDueS',
  'shards',
  'slots',
  'generations',
  'flags',
  'rounds',
] as const

export class DeviceRows {
  highs = new Uint32Array(ROWS_AT_START)
  lows = new Uint32Array(ROWS_AT_START)
  /** The sequence number of the next message; everything pending is below. */
  nextSeqs = new Float64Array(ROWS_AT_START)
  /** Oldest and newest pending message, and the first not handed over: rows of MessageRows. */
  heads = new Uint32Array(ROWS_AT_START)
  tails = new Uint32Array(ROWS_AT_START)
  unsent = new Uint32Array(ROWS_AT_START)
  pendingCounts = new Uint32Array(ROWS_AT_START)
  pendingBytes = new Uint32Array(ROWS_AT_START)
  /** Handed over on this connection and not acked. */
  sentCounts = new Uint32Array(ROWS_AT_START)
  sentBytes = new Uint32Array(ROWS_AT_START)
  /** When lazy messages are sent although no heartbeat came; seconds, 0: nothing is held. */
  lazyDueS = new Uint32Array(ROWS_AT_START)
  shards = new Uint16Array(ROWS_AT_START)
  slots = new Int32Array(ROWS_AT_START)
  generations = new Uint16Array(ROWS_AT_START)
  flags = new Uint8Array(ROWS_AT_START)
  /** Connections in a row on which messages were sent again and none was acked. */
  rounds = new Uint8Array(ROWS_AT_START)
  #end = 1
  readonly #index = new HashIndex({
    isKey: (row, high, low) => this.lows[row] === low && this.highs[row] === high,
    lowOf: (row) => this.lows[row],
  })

  /** Rows 1 … end - 1 are in use. */
  get end(): number {
    return this.#end
  }

  /** NO_ROW where the device has none. */
  find(high: number, low: number): number {
    return this.#index.find(high, low)
  }

  /** The device's row, made where there was none. */
  claim(high: number, low: number): number {
    const found = this.find(high, low)
    if (found !== NO_ROW) return found
    if (this.#end === this.highs.length) this.#grow()
    const row = this.#end++
    this.highs[row] = high
    this.lows[row] = low
    this.nextSeqs[row] = 1
    this.shards[row] = NO_SHARD
    this.#index.put(high, low, row)
    return row
  }

  isOnline(row: number): boolean {
    return this.shards[row] !== NO_SHARD
  }

  #grow(): void {
    growColumns(this, COLUMNS, this.highs.length * 2)
  }
}

type Column =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>

/** The same column with more rows. */
export function grown<Kind extends Column>(column: Kind, rows: number): Kind {
  const larger = new (column.constructor as new (rows: number) => Kind)(rows)
  larger.set(column)
  return larger
}

/** All of these columns of a table with more rows. */
export function growColumns<Name extends string>(
  table: Record<Name, Column>,
  names: readonly Name[],
  rows: number,
): void {
  for (const name of names) table[name] = grown(table[name], rows)
}
