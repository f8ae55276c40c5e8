/**
 * Stored pushes in a folder (`--data-dir`): a journal of our own, and LevelDB. A batch is one
 * journal record, made durable by one write, so an accepted push costs a share of one write and no
 * key of its own. Most pushes are acked within seconds and die with their record. What is left when
 * a record is old is folded, beside the writes that devices and publishers wait for: its live
 * messages get keys of their own in LevelDB, by device and number, and the record counts no more.
 *
 *   write n ─► journal, record n ─► accepted
 *   2 s later ─► LevelDB: put m/device/seq …, put f = n + 1 ─► the segment is free for new records
 *
 * Costs: what is not acked in time is written twice, and records of the last seconds stay in memory
 * (4 MiB or so), from which they are also read.
 */
import { join } from 'node:path'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { InboxTables } from './inbox-tables.ts'
import { JournalFiles } from './journal-files.ts'
import { JournalFold } from './journal-fold.ts'
import type { Frame } from './journal-frame.ts'
import { type LevelFolder, openError, openLevel } from './level-folder.ts'
import { FOLDED_KEY, readNumberValue, recordKey } from './level-keys.ts'
import { PLACE, Places } from './message-places.ts'
import type { PushStore, StoreListener } from './push-store.ts'
import { damaged, rowKey, StoreLoader } from './store-loader.ts'
import type { WriteBatch } from './write-batch.ts'

/** Age at which a journal record is folded: most pushes are acked long before. */
const FOLD_AFTER_MS = 2_000
/** Fewer and larger writes of LevelDB beside those of the journal. */
const FOLD_EVERY_MS = 10
/** In memory; beyond it writes wait for folding to catch up. */
const JOURNAL_BYTES_MAX = 16 << 20
const RETRY_AFTER_MS = 1_000

type TreeWrite = ReturnType<LevelFolder['level']['batch']>

export class DiskStore implements PushStore {
  readonly isDurable = true
  readonly hashKey: Uint32Array
  listener: StoreListener | null = null
  readonly #folder: LevelFolder
  readonly #files: JournalFiles
  /** What was in the journal, until it is loaded. */
  #found: readonly Frame[]
  readonly #places = new Places()
  readonly #foldAfterMs: number
  #fold: JournalFold | null = null
  #tables: InboxTables | null = null
  #nextNumber: number
  /** A failed write may have reached the disk after all: the next one must replace its record. */
  #mustReplace = false
  #failure: PushctlError | null = null
  #retryAtMs = 0
  #folding: Promise<void> | null = null
  #foldAtMs = 0
  #foldTimer: NodeJS.Timeout | undefined
  /** LevelDB takes no write after one that failed until it is opened again. */
  #treeFailure: PushctlError | null = null

  private constructor(
    folder: LevelFolder,
    files: JournalFiles,
    found: readonly Frame[],
    firstNumber: number,
    foldAfterMs: number,
  ) {
    this.#folder = folder
    this.#files = files
    this.#found = found
    this.#nextNumber = firstNumber + found.length
    this.#foldAfterMs = foldAfterMs
    this.hashKey = folder.hashKey
  }

  /**
   * Throws PUSHCTL_STORE_LOCKED or PUSHCTL_STORE_UNUSABLE. Holds the folder's lock until close().
   */
  static async open(path: string, foldAfterMs = FOLD_AFTER_MS): Promise<DiskStore> {
    const folder = await openLevel(path)
    try {
      const folded = await folder.level.get(FOLDED_KEY)
      const first = folded === undefined ? 1 : readNumberValue(folded)
      const journal = await JournalFiles.open(join(path, 'journal'), first)
      const { files, records, lostNumber } = journal
      const store = new DiskStore(folder, files, records, first, foldAfterMs)
      if (lostNumber === 0) return store
      await files.close()
      throw damaged(path, lostNumber)
    } catch (cause) {
      await folder.level.close()
      throw cause instanceof PushctlError ? cause : openError(path, cause)
    }
  }

  get isFailing(): boolean {
    return this.#treeFailure !== null
  }

  get wantsWrite(): boolean {
    const fold = this.#fold
    if (fold === null || this.#folding !== null) return false
    const nowMs = performance.now()
    if (nowMs < this.#retryAtMs) return false
    if (nowMs < this.#foldAtMs && fold.bytes <= JOURNAL_BYTES_MAX) return false
    return fold.isDue(nowMs)
  }

  async load(
    tables: InboxTables,
    onRecord: (key: string, value: Uint8Array) => void,
  ): Promise<void> {
    this.#tables = tables
    this.#fold = new JournalFold(tables, this.#places, this.#foldAfterMs)
    const loader = new StoreLoader(this.#folder, tables, this.#places, this.#fold)
    await loader.load(this.#found, onRecord)
    this.#found = []
  }

  async write(batch: WriteBatch): Promise<void> {
    const nowMs = performance.now()
    if (this.#failure !== null && nowMs < this.#retryAtMs) throw this.#failure
    const fold = this.#fold as JournalFold
    const isFull = fold.bytes > JOURNAL_BYTES_MAX
    if (isFull && this.#treeFailure !== null && nowMs < this.#foldAtMs) throw this.#treeFailure
    const number = this.#nextNumber
    const isJournaled = !batch.isEmpty || this.#mustReplace
    const gone = this.#removedKeys(batch)
    const frame = isJournaled ? fold.stage(number, batch, nowMs) : null
    const journaled = frame && this.#files.append(frame, number)
    // While the disk works, and before more can come into the tables than this batch.
    const tree = this.#beginFold(isJournaled ? number : number - 1, nowMs)
    try {
      await journaled
    } catch (cause) {
      if (frame !== null) fold.unstage()
      if (tree !== null) {
        fold.abandon()
        await tree.close()
      }
      throw this.#failed(cause)
    }
    this.#failure = null
    this.#mustReplace = false
    if (isJournaled) {
      fold.settle(batch)
      this.#nextNumber++
    }
    for (const key of gone) fold.discard(key)
    for (let at = 0; at < batch.removalCount; at++) this.#places.clear(batch.removedRows[at])
    if (tree !== null) this.#folding = this.#writeFold(tree)
    if (fold.bytes > JOURNAL_BYTES_MAX) await this.#folding
  }

  async read(
    devices: Uint32Array,
    rows: Uint32Array,
    count: number,
  ): Promise<readonly (Uint8Array | null)[]> {
    const payloads: (Uint8Array | null)[] = []
    const spilled: number[] = []
    const keys: Uint8Array[] = []
    for (let at = 0; at < count; at++) {
      const place = this.#places.numberOf(rows[at])
      const isInJournal = place !== PLACE.NONE && place !== PLACE.SPILLED
      payloads.push(isInJournal ? (this.#fold?.payloadOf(rows[at]) ?? null) : null)
      if (place !== PLACE.SPILLED) continue
      spilled.push(at)
      keys.push(rowKey(this.#tables as InboxTables, devices[at], rows[at]))
    }
    if (keys.length === 0) return payloads
    const found = await this.#readTree(keys)
    for (let i = 0; i < found.length; i++) payloads[spilled[i]] = found[i]
    return payloads
  }

  async readRecords(names: readonly string[]): Promise<readonly (Uint8Array | null)[]> {
    const newest = names.map((name) => this.#fold?.namedValue(name))
    const found = await this.#readTree(names.map(recordKey))
    return newest.map((value, at) => (value === undefined ? found[at] : value))
  }

  async close(): Promise<void> {
    clearTimeout(this.#foldTimer)
    this.listener = null
    await this.#folding
    await this.#files.close()
    await this.#folder.level.close()
  }

  /**
   * Of messages that go with this batch and have keys. The others have no place from now on, so
   * that they get none.
   */
  #removedKeys(batch: WriteBatch): Uint8Array[] {
    const keys: Uint8Array[] = []
    for (let at = 0; at < batch.removalCount; at++) {
      const row = batch.removedRows[at]
      if (this.#places.numberOf(row) === PLACE.SPILLED) {
        keys.push(rowKey(this.#tables as InboxTables, batch.removedDevices[at], row))
      } else this.#places.clear(row)
    }
    return keys
  }

  async #readTree(keys: Uint8Array[]): Promise<(Uint8Array | null)[]> {
    try {
      const found = await this.#folder.level.getMany(keys)
      return found.map((value) => value ?? null)
    } catch (cause) {
      throw this.#treeFailed(cause)
    }
  }

  /** A write of LevelDB with what is due, or null. */
  #beginFold(coveredBy: number, nowMs: number): TreeWrite | null {
    if (!this.wantsWrite) return null
    if (this.#treeFailure !== null) {
      this.#folding = this.#reopenTree()
      return null
    }
    const writes = this.#folder.level.batch()
    ;(this.#fold as JournalFold).begin(writes, coveredBy, nowMs)
    return writes
  }

  async #writeFold(writes: TreeWrite): Promise<void> {
    const fold = this.#fold as JournalFold
    try {
      await writes.write({ sync: true })
      this.#files.release(fold.finish())
    } catch (cause) {
      fold.abandon()
      this.#treeFailed(cause)
    }
    this.#endFolding()
  }

  async #reopenTree(): Promise<void> {
    try {
      await this.#folder.reopen()
      this.#treeFailure = null
    } catch (cause) {
      this.#treeFailed(cause)
    }
    this.#endFolding()
  }

  #endFolding(): void {
    this.#folding = null
    const waitMs = this.#treeFailure === null ? FOLD_EVERY_MS : RETRY_AFTER_MS
    const nextMs = this.#foldAfterMs < 0 ? 0 : waitMs
    const nowMs = performance.now()
    this.#foldAtMs = nowMs + nextMs
    clearTimeout(this.#foldTimer)
    if (this.listener === null || !(this.#fold as JournalFold).isDue(nowMs)) return
    this.#foldTimer = setTimeout(() => this.listener?.onWanted(), nextMs)
    this.#foldTimer.unref()
  }

  #treeFailed(cause: unknown): PushctlError {
    this.#treeFailure = this.#errorOf(cause)
    this.listener?.onFailed(this.#treeFailure)
    return this.#treeFailure
  }

  #failed(cause: unknown): PushctlError {
    this.#mustReplace = true
    this.#retryAtMs = performance.now() + RETRY_AFTER_MS
    this.#failure = this.#errorOf(cause)
    return this.#failure
  }

  #errorOf(cause: unknown): PushctlError {
    const reason = (cause as Error).message
    const message = `expected to write to the store in ${this.#folder.path}, got: ${reason}`
    return new PushctlError('PUSHCTL_STORE_FAILED', message, {
      why: 'the disk is full, has failed or is read-only',
      tries: ['df -h', 'push with qos 0, which stores nothing'],
      cause,
    })
  }
}
