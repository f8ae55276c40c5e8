/**
 * Group commit: what comes in one turn of the loop is one write, and while a write runs the next
 * batch gathers, so a slow disk makes larger batches instead of a longer queue. Batches are written
 * one after the other.
 *
 *   add… ─turn ends─► write ─► onWritten (in order) ─► done resolves
 *
 * A batch that fails is given back as a whole, and so is the one that gathered behind it, because
 * its sequence numbers follow.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { BucketHistogram } from '../../stats/bucket-histogram.ts'
import type { PushStore } from './push-store.ts'
import { WriteBatch } from './write-batch.ts'

export interface CommitEvents {
  onWritten(batch: WriteBatch): void
  /** `carried` is where what must not get lost (removals) goes on. */
  onFailed(batch: WriteBatch, carried: WriteBatch): void
}

interface Waiting {
  readonly promise: Promise<void>
  resolve(): void
  reject(cause: Error): void
}

/** How the store does, for whoever watches it. */
export type StoreHealth = Pick<CommitQueue, 'writesFailed' | 'failure' | 'isFailing' | 'stalledMs'>

export class CommitQueue {
  /** Of the batch that gathers. */
  batch = new WriteBatch()
  readonly #store: PushStore
  readonly #events: CommitEvents
  readonly #bytesMax: number
  #spare: WriteBatch | null = new WriteBatch()
  #waiting: Waiting | null = null
  #writing: Promise<boolean> | null = null
  #isScheduled = false
  /** Since when the running write runs, ms; 0: none does. */
  #writingSinceMs = 0
  writes = 0
  /** Writes that failed since the start, also those that the store does beside ours. */
  writesFailed = 0
  /** Why the last of them did; '' before the first. */
  failure = ''
  #hasLastFailed = false
  writeMsLast = 0
  /** Of all writes: the interface between node and disk. */
  readonly writeTimes = new BucketHistogram()

  constructor(store: PushStore, payloadBytesMax: number, events: CommitEvents) {
    this.#store = store
    this.#bytesMax = payloadBytesMax
    this.#events = events
    store.listener = {
      onWanted: () => this.#schedule(),
      onFailed: (cause) => this.#noteFailure(cause),
    }
  }

  /** The last write failed, or what the store does beside the writes. */
  get isFailing(): boolean {
    return this.#hasLastFailed || this.#store.isFailing === true
  }

  /** How long the running write has taken so far, ms. */
  get stalledMs(): number {
    return this.#writingSinceMs === 0 ? 0 : performance.now() - this.#writingSinceMs
  }

  /** Of the batch that gathers. */
  get unwrittenBytes(): number {
    return this.batch.payloadBytes + this.batch.recordBytes
  }

  /** Throws PUSHCTL_STORE_BUSY where more than the limit would wait unwritten. */
  checkRoom(bytes: number): void {
    if (this.unwrittenBytes + bytes <= this.#bytesMax) return
    const limit = `${Math.round(this.#bytesMax / 2 ** 20)} MiB`
    const message = `expected room for a stored push, ${limit} wait to be written already`
    throw new PushctlError('PUSHCTL_STORE_BUSY', message, {
      why: 'pushes come faster than the store takes them',
      tries: ['push again later'],
    })
  }

  /** The batch that gathers will be written; resolves when it is, rejects when it could not be. */
  commit(): Promise<void> {
    this.#schedule()
    this.#waiting ??= newWaiting()
    return this.#waiting.promise
  }

  /** As commit(), for what nobody waits for. */
  schedule(): void {
    this.#schedule()
  }

  /** All that was added until now is written; false where the last write failed. */
  async drained(): Promise<boolean> {
    while (this.#writing !== null || !this.batch.isEmpty) {
      this.#start()
      if (!(await this.#writing)) return false
    }
    return true
  }

  #schedule(): void {
    if (this.#isScheduled || this.#writing !== null) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#start()
    })
  }

  #start(): void {
    if (this.#writing !== null) return
    if (this.batch.isEmpty && !this.#store.wantsWrite) return
    const batch = this.batch
    const { isEmpty } = batch
    const waiting = this.#waiting
    this.batch = this.#spare ?? new WriteBatch()
    this.#spare = null
    this.#waiting = null
    this.#writingSinceMs = performance.now()
    this.#writing = this.#write(batch, waiting).then((isWritten) => {
      if (!isEmpty) this.#noteTime(performance.now() - this.#writingSinceMs)
      this.#writingSinceMs = 0
      this.#writing = null
      // What gathered meanwhile has waited long enough. After a failure the next push tries again,
      // or the sweep: a store that fails at once must not be asked in a loop.
      if (isWritten) this.#start()
      return isWritten
    })
  }

  #noteTime(writeMs: number): void {
    this.writeMsLast = writeMs
    this.writeTimes.recordUs(writeMs * 1_000)
  }

  async #write(batch: WriteBatch, waiting: Waiting | null): Promise<boolean> {
    try {
      await this.#store.write(batch)
      this.writes++
      this.#hasLastFailed = false
    } catch (cause) {
      this.#fail(batch, waiting, cause as Error)
      return false
    }
    this.#events.onWritten(batch)
    batch.clear()
    this.#spare = batch
    waiting?.resolve()
    return true
  }

  #noteFailure(cause: Error): void {
    this.writesFailed++
    this.failure = cause.message
  }

  #fail(batch: WriteBatch, waiting: Waiting | null, cause: Error): void {
    this.#noteFailure(cause)
    this.#hasLastFailed = true
    const behind = this.batch
    const behindWaiting = this.#waiting
    this.batch = new WriteBatch()
    this.#waiting = null
    this.#events.onFailed(behind, this.batch)
    this.#events.onFailed(batch, this.batch)
    waiting?.reject(cause)
    behindWaiting?.reject(cause)
  }
}

function newWaiting(): Waiting {
  let resolve = () => {}
  let reject: (cause: Error) => void = () => {}
  const promise = new Promise<void>((onResolved, onRejected) => {
    resolve = onResolved
    reject = onRejected
  })
  // Whoever asked may have gone.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
