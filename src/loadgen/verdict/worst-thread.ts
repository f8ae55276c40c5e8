/**
 * The thread that was worst off decides, never a mean or a merged distribution: one stuck shard of
 * fifty would vanish in them, and its connections with it.
 */
import { type Doubt, type Limits, levelOf, type ThreadFacts } from './verdict-facts.ts'

export interface WorstThread {
  readonly level: Doubt['level']
  readonly value: number
  /** "shard 3", or "shard 3 (and 4 others)" where more are beyond the limit. */
  readonly who: string
}

/** null where all threads are within the limits, or unknown. */
export function worstThread(
  threads: readonly ThreadFacts[],
  read: (thread: ThreadFacts) => number | null,
  limits: Limits,
): WorstThread | null {
  const valueOf = (thread: ThreadFacts): number => read(thread) ?? 0
  const beyond = threads
    .filter((thread) => levelOf(valueOf(thread), limits) !== null)
    .sort((a, b) => valueOf(b) - valueOf(a))
  if (beyond.length === 0) return null
  const [worst] = beyond
  const others = beyond.length - 1
  const who = others === 0 ? worst.name : `${worst.name} (and ${others} other${plural(others)})`
  return { level: levelOf(valueOf(worst), limits) ?? 'SUSPECT', value: valueOf(worst), who }
}

function plural(count: number): string {
  return count === 1 ? '' : 's'
}
