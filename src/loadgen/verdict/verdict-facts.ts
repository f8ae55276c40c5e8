/**
 * What the verdict is judged from, gathered once; and the shape of a rule. Rules are pure and know
 * nothing of each other.
 */
import type { UsageShares } from '../thread-usage.ts'

export interface VerdictFacts {
  readonly planned: number
  readonly late: number
  /** Planned and never sent because the generator was behind. */
  readonly unsent: number
  /** Of all generator threads together; null where nothing was recorded. */
  readonly loopLagUsP99: number | null
  readonly gcPauseUsMax: number | null
  /** One row per generator thread: "shard 0", "publisher". */
  readonly threads: readonly (UsageShares & { readonly name: string })[]
  readonly shards: number
  readonly shardsLost: number
}

export interface Doubt {
  readonly level: 'SUSPECT' | 'INVALID'
  /** What was seen, and what to change. */
  readonly reason: string
}

export type VerdictRule = (facts: VerdictFacts) => Doubt | null

export interface Limits {
  readonly suspect: number
  readonly invalid: number
}

/** The level of a value that should stay at or below the limits. */
export function levelOf(value: number, limits: Limits): Doubt['level'] | null {
  if (value > limits.invalid) return 'INVALID'
  return value > limits.suspect ? 'SUSPECT' : null
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
}

export function milliseconds(us: number): string {
  return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`
}
