/** What main thread and shards tell each other about stored pushes: batches of parallel columns. */

/** Beside the MSG flags of the protocol, in the same byte of a row. */
export const STORED_FLAG = {
  /** No payload: tell the device that there is something to pull, up to `seq`. */
  NOTIFY: 0x80,
  /** No payload: say when the next heartbeat of this device comes. */
  HOLD: 0x40,
} as const

/** Main → shard. Row i has the payload payloads[payloadEnds[i - 1], payloadEnds[i]). */
export interface StoredRows {
  readonly kind: 'deliver-stored'
  readonly slots: Int32Array
  readonly generations: Uint16Array
  /** MSG flags, or one of STORED_FLAG. */
  readonly flags: Uint8Array
  readonly seqs: Float64Array
  readonly payloadEnds: Uint32Array
  readonly payloads: Uint8Array
}

export const SIGNAL = { ACK: 0, PULL: 1, HEARTBEAT: 2 } as const

/** Shard → main: what devices said about their inboxes. */
export interface SignalRows {
  readonly kind: 'signals'
  readonly kinds: Uint8Array
  readonly slots: Int32Array
  readonly generations: Uint16Array
  /** ACK: up to it all is received. PULL: what comes after it is wanted. */
  readonly seqs: Float64Array
  /** PULL: at most so many. */
  readonly maxes: Uint32Array
}
