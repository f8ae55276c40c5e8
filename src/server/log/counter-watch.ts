/**
 * Turns counters into lines: a refusal is no line of its own, because a storm of them would be a
 * storm of lines, but that there are some is. Each reason is told when it first occurs, and then as
 * long as it goes on at most every ten seconds with how many there were.
 */
import { LOG_WINDOW_MS } from './log-kinds.ts'

export interface CounterMove {
  readonly name: string
  /** Since this name was last told. */
  readonly count: number
}

interface Told {
  count: number
  atMs: number
}

export class CounterWatch {
  readonly #told = new Map<string, Told>()

  /** What to tell now. Counters never step back. */
  look(counts: Readonly<Record<string, number>>, nowMs: number): CounterMove[] {
    const moves: CounterMove[] = []
    for (const [name, count] of Object.entries(counts)) {
      const told = this.#told.get(name)
      const moved = count - (told?.count ?? 0)
      if (moved <= 0 || (told && nowMs - told.atMs < LOG_WINDOW_MS)) continue
      this.#told.set(name, { count, atMs: nowMs })
      moves.push({ name, count: moved })
    }
    return moves
  }
}
