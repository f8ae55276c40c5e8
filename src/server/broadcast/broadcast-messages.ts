/** What main thread and shards tell each other about stored broadcasts. */

export type BroadcastState = 'running' | 'paused' | 'cancelled'

/** In tables; 0 there means that there is no such entry. */
export const STATE = { RUNNING: 1, PAUSED: 2, CANCELLED: 3 } as const

export const STATE_NUMBERS: Readonly<Record<BroadcastState, number>> = {
  running: STATE.RUNNING,
  paused: STATE.PAUSED,
  cancelled: STATE.CANCELLED,
}

export const STATE_NAMES = ['cancelled', 'running', 'paused', 'cancelled'] as const

/** One entry of the log: to all, or to those with the tag. */
export interface LogEntry {
  readonly seq: number
  readonly tag: string | null
  readonly payload: Uint8Array
  /** Unix time. */
  readonly expiresAtS: number
  readonly state: BroadcastState
}

/**
 * What a shard knows of every entry, as columns; its payload it asks for when a device needs it.
 */
export interface LogColumns {
  readonly seqs: Float64Array
  /** STATE. */
  readonly states: Uint8Array
  readonly expiresAtS: Uint32Array
  readonly bytes: Uint32Array
  /** Of the tag (text-hash.ts); 0, 0: to all. */
  readonly tagHighs: Uint32Array
  readonly tagLows: Uint32Array
}

/** Main → shard. */
export type LogOrder =
  /** What was stored before this shard started, in parts; comes before its first verdict. */
  | { readonly kind: 'log'; readonly entries: LogColumns; readonly headSeq: number }
  /** A new entry (one row), to be sent now. Answered by broadcast-started. */
  | {
      readonly kind: 'log-entry'
      readonly requestId: number
      readonly entry: LogColumns
      readonly payload: Uint8Array
    }
  | { readonly kind: 'log-state'; readonly seq: number; readonly state: number }
  /** Entries up to this one are expired, or too many. */
  | { readonly kind: 'log-drop'; readonly upToSeq: number }
  /**
   * What log-wanted asked for: payloads[ends[i - 1], ends[i]) of seqs[i]. No rows: they cannot be
   * read now. isGone[i] is 1 where there is no such payload any more.
   */
  | {
      readonly kind: 'log-payloads'
      readonly seqs: Float64Array
      readonly ends: Uint32Array
      readonly isGone: Uint8Array
      readonly payloads: Uint8Array
    }

/** Shard → main: what was sent and acked since the last one, by entry. */
export interface LogProgress {
  readonly kind: 'log-progress'
  readonly seqs: Float64Array
  readonly sent: Uint32Array
  readonly acked: Uint32Array
}

/** Shard → main: devices wait for the payloads of these; answered by log-payloads. */
export interface LogWanted {
  readonly kind: 'log-wanted'
  readonly seqs: Float64Array
}
