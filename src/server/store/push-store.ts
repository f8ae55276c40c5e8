/**
 * Where stored pushes are kept: in memory (memory-store.ts) or on disk (disk-store.ts); one test
 * suite runs on both. It works in batches: a loop turn is one write, and a read names many messages
 * of many devices. Which messages there are, in which order and for how long, is not the store's
 * business: that stands in InboxTables, which it fills when it is loaded.
 *
 *   Inbox ─► WriteBatch ─► CommitQueue ─one at a time─► PushStore.write ─► accepted
 */
import type { InboxTables } from './inbox-tables.ts'
import type { WriteBatch } from './write-batch.ts'

/** Records of this name are read one by one, and not handed over when the store is loaded. */
export const UNREAD_RECORD_PREFIX = 'p/'

export interface StoreListener {
  /** The store may want a write. */
  onWanted(): void
  /** Something beside the writes failed. */
  onFailed(cause: Error): void
}

export interface PushStore {
  /** What is written is still there after the process ended. */
  readonly isDurable: boolean
  /** Key of the hash under which devices are stored: four u32. */
  readonly hashKey: Uint32Array
  /**
   * Once, before all else: fills the tables with what is stored and hands over the records. Throws
   * PUSHCTL_STORE_UNUSABLE where that is damaged.
   */
  load(tables: InboxTables, onRecord: (key: string, value: Uint8Array) => void): Promise<void>
  /**
   * Resolves when all of the batch is stored. Rejects with PUSHCTL_STORE_FAILED or
   * PUSHCTL_STORE_FULL when nothing of it is; the next call may succeed. Never called again before
   * it has settled.
   */
  write(batch: WriteBatch): Promise<void>
  /** There is work that the next write would do along with it, even an empty one. */
  readonly wantsWrite: boolean
  /** What it does beside the writes fails; it takes pushes all the same, for now. */
  readonly isFailing?: boolean
  /** Set by whoever writes. */
  listener?: StoreListener | null
  /**
   * Payloads of messages that are pending at the time of the call: one per row, null where it went
   * in the meantime. Views that are good until the next write.
   */
  read(
    devices: Uint32Array,
    rows: Uint32Array,
    count: number,
  ): Promise<readonly (Uint8Array | null)[]>
  /** Records by their names; null where there is none. */
  readRecords(names: readonly string[]): Promise<readonly (Uint8Array | null)[]>
  close(): Promise<void>
}
