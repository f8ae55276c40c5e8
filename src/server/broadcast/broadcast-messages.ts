/** What main thread and shards tell each other about stored broadcasts. */

export type BroadcastState = 'running' | 'paused' | 'cancelled'

/** One entry of the log: to all, or to those with the tag. */
export interface LogEntry {
  readonly seq: number
  readonly tag: string | null
  readonly payload: Uint8Array
  /** Unix time. */
  readonly expiresAtS: number
  readonly state: BroadcastState
}

/** Main → shard. */
export type LogOrder =
  /** What was stored before this shard started; comes before its first verdict. */
  | { readonly kind: 'log'; readonly entries: readonly LogEntry[]; readonly headSeq: number }
  /** A new entry, to be sent now. Answered by broadcast-started. */
  | { readonly kind: 'log-entry'; readonly requestId: number; readonly entry: LogEntry }
  | { readonly kind: 'log-state'; readonly seq: number; readonly state: BroadcastState }
  /** Entries up to this one are expired, or too many. */
  | { readonly kind: 'log-drop'; readonly upToSeq: number }

/** Shard → main: what was sent and acked since the last one, by entry. */
export interface LogProgress {
  readonly kind: 'log-progress'
  readonly seqs: Float64Array
  readonly sent: Uint32Array
  readonly acked: Uint32Array
}
