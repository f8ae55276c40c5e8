/**
 * Idempotency keys: the same `id` twice within ten minutes is one push and gets the same answer,
 * also while the first is still being stored and, with `--data-dir`, after a restart. One small
 * object per push that has an id; the oldest give way above 100,000.
 */
import type { PushOutcome } from '../node-control.ts'
import type { StoreRecord } from '../store/write-batch.ts'

export const KEY_WINDOW_MS = 10 * 60_000
const KEYS_MAX = 100_000
export const KEY_RECORD_PREFIX = 'k/'

interface Answer {
  readonly atMs: number
  readonly outcome: PushOutcome | Promise<PushOutcome>
  readonly isStored: boolean
}

export class KeyWindow {
  /** Oldest first. */
  readonly #answers = new Map<string, Answer>()
  readonly #drop: (record: StoreRecord) => void

  /** `drop` removes what is stored of a key that gave way. */
  constructor(drop: (record: StoreRecord) => void) {
    this.#drop = drop
  }

  get size(): number {
    return this.#answers.size
  }

  /** The answer to an earlier push with this id, or what `push` answers now. */
  once(
    id: string,
    nowMs: number,
    isStored: boolean,
    push: () => Promise<PushOutcome>,
  ): Promise<PushOutcome> {
    this.prune(nowMs)
    const earlier = this.#answers.get(id)
    if (earlier !== undefined) return Promise.resolve(earlier.outcome)
    const outcome = push()
    const answer = { atMs: nowMs, outcome, isStored }
    this.#answers.set(id, answer)
    // A push that was refused may be tried again under its id.
    outcome.catch(() => {
      if (this.#answers.get(id) === answer) this.#answers.delete(id)
    })
    return outcome
  }

  /** What the store has of an earlier life of the node. */
  load(name: string, value: Uint8Array, nowMs: number): void {
    const { atMs, ...outcome } = JSON.parse(Buffer.from(value).toString()) as PushOutcome & {
      atMs: number
    }
    if (atMs + KEY_WINDOW_MS <= nowMs) return this.#drop({ key: name, value: null })
    const id = name.slice(KEY_RECORD_PREFIX.length)
    this.#answers.set(id, { atMs, outcome, isStored: true })
  }

  static recordOf(id: string, outcome: PushOutcome, atMs: number): StoreRecord {
    const value = Buffer.from(JSON.stringify({ ...outcome, atMs }))
    return { key: `${KEY_RECORD_PREFIX}${id}`, value }
  }

  prune(nowMs: number): void {
    for (const [id, { atMs, isStored }] of this.#answers) {
      if (atMs + KEY_WINDOW_MS > nowMs && this.#answers.size < KEYS_MAX) return
      this.#answers.delete(id)
      if (isStored) this.#drop({ key: `${KEY_RECORD_PREFIX}${id}`, value: null })
    }
  }
}
