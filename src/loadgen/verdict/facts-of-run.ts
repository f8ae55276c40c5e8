/** From what a run left behind to what its verdict is judged from. */
import { deltaOf } from '../../stats/host-counters.ts'
import { LatencyRecorder } from '../../stats/latency-recorder.ts'
import type { LatencyPair } from '../latency-pair.ts'
import type { RunFindings } from '../run-findings.ts'
import type { SendCounts, ShardResult } from '../shard-messages.ts'
import { isLoopback } from '../target/target-address.ts'
import type { ThreadFindings } from '../thread-watch.ts'
import { sumBytes } from './byte-gap.ts'
import type { ThreadFacts, VerdictFacts } from './verdict-facts.ts'

/**
 * @param sends of shards and publisher together
 * @param latencies all metrics of the run, merged
 */
export function factsOfRun(
  findings: RunFindings,
  sends: SendCounts,
  latencies: Iterable<LatencyPair>,
): VerdictFacts {
  const { shards, publisher, plan, stage, hostBefore, hostMeasured, hostAfter } = findings
  const measuredUs = stage === null ? 0 : findings.endUs - stage.measureFromUs
  return {
    planned: sends.planned,
    late: sends.late,
    // A message without a connection to send it on is no fault of the generator's speed.
    unsent: sends.unsent,
    threads: threadsOf(findings),
    shards: shards.length,
    shardsLost: shards.filter(({ result }) => result === null).length,
    connections: plan.connections,
    failures: [...resultsOf(findings), ...(publisher === null ? [] : [publisher])].flatMap(
      (part) => part.failures,
    ),
    latencies: countLatencies(latencies, resultsOf(findings)),
    bytes: bytesOf(findings),
    host: deltaOf(hostMeasured ?? hostBefore, hostAfter),
    hostInAll: deltaOf(hostBefore, hostAfter),
    hosts: findings.hosts,
    isTargetHere: plan.targets.some(({ address }) => isLoopback(address)),
    measuredSeconds: Math.max(0, measuredUs) / 1e6,
  }
}

function resultsOf({ shards }: RunFindings): ShardResult[] {
  return shards.map(({ result }) => result).filter((result) => result !== null)
}

/** A shard that was lost took its count with it; an interruption leaves messages on their way. */
function bytesOf(findings: RunFindings): VerdictFacts['bytes'] {
  const results = resultsOf(findings)
  if (findings.isInterrupted || results.length < findings.shards.length) return []
  return sumBytes(results.flatMap(({ bytes }) => bytes))
}

function threadsOf({ shards, publisher }: RunFindings): ThreadFacts[] {
  const threads = shards.flatMap(({ index, result }) =>
    result === null ? [] : [threadFacts(`shard ${index}`, result)],
  )
  if (publisher !== null) threads.push(threadFacts('the publisher', publisher))
  return threads
}

function threadFacts(name: string, found: ThreadFindings): ThreadFacts {
  const lag = LatencyRecorder.decode(found.loopLagMeasured)
  const pauses = found.gcMeasured.map(({ encoded }) => LatencyRecorder.decode(encoded).max)
  return {
    name,
    ...found.steadyUsage,
    loopLagUsP99: lag.count === 0 ? null : lag.valueAtPercentile(99),
    gcPauseUsMax: pauses.length === 0 ? null : Math.max(...pauses),
  }
}

function countLatencies(
  pairs: Iterable<LatencyPair>,
  results: readonly ShardResult[],
): VerdictFacts['latencies'] {
  // What was refused would have been clamped.
  const refused = results.reduce((sum, result) => sum + result.refused, 0)
  let count = refused
  let clamped = refused
  for (const { response, service } of pairs) {
    count += response.count
    clamped += Math.max(response.clamped, service.clamped)
  }
  return { count, clamped }
}
