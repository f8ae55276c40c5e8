/**
 * What has to be known before the first packet: targets with addresses, the plan, where pushes are
 * injected.
 */
import { randomInt } from 'node:crypto'
import { chooseEngine } from '../engine/create-engine.ts'
import { deviceNamesOf } from './device-names.ts'
import { readHostLimits } from './plan/host-limits.ts'
import { planRun } from './plan/planner.ts'
import type { RunPlan } from './plan/run-plan.ts'
import { targetsOfShard } from './plan/target-share.ts'
import type { ShardSetup } from './shard-messages.ts'
import { type ResolvedTarget, resolveTarget } from './target/target-address.ts'
import { activitiesOf, type BenchSettings } from './workload.ts'

/** Stands for the node of our own where only the plan is asked for. */
const OWN_NODE_TARGETS: readonly ResolvedTarget[] = (['push-tcp', 'push-websocket'] as const).map(
  (carrier) => ({
    url: `${carrier === 'push-tcp' ? 'tcp' : 'ws'}://127.0.0.1 (a node of our own)`,
    carrier,
    host: '127.0.0.1',
    address: '127.0.0.1',
    port: 0,
    path: '/',
  }),
)

export interface BenchSetup {
  readonly targets: readonly ResolvedTarget[]
  readonly plan: RunPlan
}

/** @throws PushctlError where the plan cannot work, or a name has no address. */
export async function prepareBench(settings: BenchSettings): Promise<BenchSetup> {
  const named = settings.targets
  const targets =
    named.length === 0 ? OWN_NODE_TARGETS : await Promise.all(named.map(resolveTarget))
  const { kind } = chooseEngine(settings.engine)
  return { targets, plan: planRun(settings, targets, readHostLimits(targets), kind) }
}

export function shardSetups(
  settings: BenchSettings,
  { targets, plan }: BenchSetup,
  runId: number,
): ShardSetup[] {
  const { connections, connectsPerSecond, messageBytes } = settings
  return plan.shards.connections.map((_, shard) => ({
    share: { connections, shard, shards: plan.shards.count },
    targets: targetsOfShard(targets, shard, plan.shards.count),
    sources: plan.ports.sources,
    engine: plan.engine,
    runId,
    devices: deviceNamesOf(runId, connections, settings.part?.deviceScope),
    connectsPerSecond,
    connectLanes: plan.shards.lanes,
    messageBytes,
    heartbeatSeconds: settings.heartbeatSeconds,
    qos: settings.qos,
    activities: activitiesOf(settings.mode),
    deviceSecret: settings.deviceSecret,
  }))
}

/** Marks the messages of this run and its devices; never 0, which an empty payload would have. */
export function newRunId(): number {
  return randomInt(1, 2 ** 32)
}
