/** All rules in one list; the worst doubt is the verdict, and every doubt is said. */
import type { VerdictReport } from '../../stats/run-report.ts'
import { byteGap } from './byte-gap.ts'
import { clockMismatch } from './clock-mismatch.ts'
import { cpuSteal } from './cpu-steal.ts'
import { gcPause } from './gc-pause.ts'
import { hostFindings } from './host-findings.ts'
import { lateness } from './lateness.ts'
import { listenOverflows } from './listen-overflows.ts'
import { loopLag } from './loop-lag.ts'
import { ownLimits } from './own-limits.ts'
import { portExhaustion } from './port-exhaustion.ts'
import { receiveBacklog } from './receive-backlog.ts'
import { retransmits } from './retransmits.ts'
import { runQueue } from './run-queue.ts'
import { shardLost } from './shard-lost.ts'
import { softnetDrops } from './softnet-drops.ts'
import { softnetSqueezes } from './softnet-squeezes.ts'
import { threadCpu } from './thread-cpu.ts'
import type { VerdictFacts, VerdictRule } from './verdict-facts.ts'

/** From what was sent, over the threads that sent it, to the host and its network. */
export const VERDICT_RULES: readonly VerdictRule[] = [
  lateness,
  shardLost,
  portExhaustion,
  ownLimits,
  clockMismatch,
  byteGap,
  threadCpu,
  runQueue,
  loopLag,
  gcPause,
  cpuSteal,
  receiveBacklog,
  softnetDrops,
  softnetSqueezes,
  retransmits,
  listenOverflows,
  hostFindings,
]

/** The worst doubt first; rules of the same level keep their order. */
export function judge(facts: VerdictFacts): VerdictReport {
  const doubts = VERDICT_RULES.map((rule) => rule(facts)).filter((doubt) => doubt !== null)
  const invalid = doubts.filter(({ level }) => level === 'INVALID')
  const suspect = doubts.filter(({ level }) => level === 'SUSPECT')
  return {
    value: invalid.length > 0 ? 'INVALID' : suspect.length > 0 ? 'SUSPECT' : 'VALID',
    reasons: [...invalid, ...suspect].map(({ reason }) => reason),
  }
}
