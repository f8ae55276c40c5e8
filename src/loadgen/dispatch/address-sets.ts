/**
 * What each device remembers of where to connect: the targets of its set, which of them it tries
 * next, and how many sets it has tried in vain.
 *
 *   row │ set u8 × 4 (target + 1) │ next u8 │ tried u8 │ retried u8
 *    17 │ 3 1 2 ·                │       0 │        0 │          0   welcome at target 2
 *    18 │ 1 3 · ·                │       1 │        1 │          1   second set, second node
 *
 * 7 bytes a connection.
 */
import { SET_NODES_MAX } from './dispatch-setup.ts'

const COUNTED_MAX = 255

export class AddressSets {
  readonly #targets: Uint8Array
  readonly #next: Uint8Array
  readonly #tried: Uint8Array
  readonly #retried: Uint8Array

  constructor(rows: number) {
    this.#targets = new Uint8Array(rows * SET_NODES_MAX)
    this.#next = new Uint8Array(rows)
    this.#tried = new Uint8Array(rows)
    this.#retried = new Uint8Array(rows)
  }

  /** The target to try next; -1: a set must be asked for. */
  targetOf(row: number): number {
    if (this.#tried[row] >= this.#countOf(row)) return -1
    return this.#targets[row * SET_NODES_MAX + this.#next[row]] - 1
  }

  /** Sets tried in vain since the last welcome. */
  retriedOf(row: number): number {
    return this.#retried[row]
  }

  /** Replaces the set; `first` is the place that is tried before the others. */
  keep(row: number, targets: readonly number[], first = 0): void {
    const at = row * SET_NODES_MAX
    this.#targets.fill(0, at, at + SET_NODES_MAX)
    const count = Math.min(targets.length, SET_NODES_MAX)
    for (let place = 0; place < count; place++) {
      this.#targets[at + place] = targets[(first + place) % count] + 1
    }
    this.#next[row] = 0
    this.#tried[row] = 0
  }

  /** A target took no connection, or ended it. */
  noteFailure(row: number): void {
    const count = this.#countOf(row)
    if (count === 0) return
    this.#next[row] = (this.#next[row] + 1) % count
    this.#tried[row] += 1
    if (this.#tried[row] === count && this.#retried[row] < COUNTED_MAX) this.#retried[row] += 1
  }

  /** The target that is tried now is good. */
  noteWelcome(row: number): void {
    this.#tried[row] = 0
    this.#retried[row] = 0
  }

  #countOf(row: number): number {
    const at = row * SET_NODES_MAX
    let count = 0
    while (count < SET_NODES_MAX && this.#targets[at + count] !== 0) count++
    return count
  }
}
