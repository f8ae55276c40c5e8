/** All rules in one list; the worst doubt is the verdict, and every doubt is said. */
import type { VerdictReport } from '../../stats/run-report.ts'
import { gcPause } from './gc-pause.ts'
import { lateness } from './lateness.ts'
import { loopLag } from './loop-lag.ts'
import { runQueue } from './run-queue.ts'
import { shardLost } from './shard-lost.ts'
import { threadCpu } from './thread-cpu.ts'
import type { Doubt, VerdictFacts, VerdictRule } from './verdict-facts.ts'

export const VERDICT_RULES: readonly VerdictRule[] = [
  lateness,
  loopLag,
  gcPause,
  threadCpu,
  runQueue,
  shardLost,
]

export function judge(facts: VerdictFacts): VerdictReport {
  const doubts = VERDICT_RULES.map((rule) => rule(facts)).filter((doubt) => doubt !== null)
  const isInvalid = doubts.some((doubt: Doubt) => doubt.level === 'INVALID')
  return {
    value: isInvalid ? 'INVALID' : doubts.length > 0 ? 'SUSPECT' : 'VALID',
    reasons: doubts.map(({ reason }) => reason),
  }
}
