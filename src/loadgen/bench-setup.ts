/**
 * What has to be known before the first packet: targets with addresses, the plan, where pushes are
 * injected.
 */
import { randomInt } from 'node:crypto'
import { chooseEngine } from '../engine/create-engine.ts'
import { badClientCount, pushedBadClients } from './bad-clients/bad-client-kinds.ts'
import { type DeviceNames, deviceNamesOf } from './device-names.ts'
import { RUN_ID_MIN } from './marker.ts'
import type { OwnNodeOptions } from './own-node-process.ts'
import { readHostLimits } from './plan/host-limits.ts'
import { planRun } from './plan/planner.ts'
import { limitsOfPart } from './plan/port-share.ts'
import type { RunPlan } from './plan/run-plan.ts'
import { tagNamesOf } from './population/tag-rooms.ts'
import { targetsOfShard } from './plan/target-share.ts'
import type { RunCourse } from './run-course.ts'
import type { RunLimits } from './run-limits.ts'
import type { PublisherSetup, ShardSetup } from './shard-messages.ts'
import {
  parseTarget,
  type ResolvedTarget,
  resolveTarget,
  type TargetAddress,
} from './target/target-address.ts'
import { DEFAULT_WIRE } from './target/wire-settings.ts'
import { activitiesOf, type BenchSettings, needsPublisher, pushKindsOf } from './workload.ts'

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

/** Where a push node serves devices over HTTP. */
const OWN_NODE_PATHS = {
  sse: '/v1/events?device={device}',
  poll: '/v1/poll?device={device}&session={session}&after={after}',
} as const

export interface BenchSetup {
  readonly targets: readonly ResolvedTarget[]
  readonly plan: RunPlan
}

/** @throws PushctlError where the plan cannot work, or a name has no address. */
export async function prepareBench(settings: BenchSettings): Promise<BenchSetup> {
  const named = settings.targets
  const targets =
    named.length === 0 ? OWN_NODE_TARGETS : await Promise.all(named.map(resolveTarget))
  const { kind } = chooseEngine(engineWish(settings))
  const limits = limitsOfPart(readHostLimits(targets), settings.part?.ports ?? null)
  return { targets, plan: planRun(settings, targets, limits, kind) }
}

/** The epoll engine has no TLS, so `auto` is the other one where a target has. */
function engineWish({ engine, targets }: BenchSettings): BenchSettings['engine'] {
  return engine === 'auto' && targets.some(({ tls }) => tls !== undefined) ? 'node' : engine
}

/** The steps of a course are divided over all shards, so all of them connect together. */
export function setupFor(setup: BenchSetup, course: RunCourse | undefined): BenchSetup {
  if (course === undefined || course.steps.length < 2) return setup
  const { plan } = setup
  return { ...setup, plan: { ...plan, shards: { ...plan.shards, lanes: plan.shards.count } } }
}

/** Where the generator needs processes, the node needs as many: one for each, with its ports. */
export function ownNodeOf(settings: BenchSettings, { shards, ports }: RunPlan): OwnNodeOptions {
  const { engine, heartbeatSeconds, mode } = settings
  const connections = settings.connections + badClientCount(settings.badClients)
  const processes = shards.kind === 'process' ? shards.count : null
  const portsBelow = mode === 'storm' ? ports.first : null
  return { connections, engine, heartbeatSeconds, processes, portsBelow }
}

/** The same run, on the node of our own that it has got. */
export function onOwnNode(
  settings: BenchSettings,
  { targets, httpUrl }: { targets: readonly TargetAddress[]; httpUrl: string },
): BenchSettings {
  const over = settings.ownNodeOver
  if (over === undefined) return { ...settings, targets, publishUrl: httpUrl }
  const url = `${over}+${new URL(OWN_NODE_PATHS[over], httpUrl).href}`
  // A poll that is not answered yet is of a device that the node does not know yet.
  const wire = { ...DEFAULT_WIRE, welcomeText: over === 'poll' ? 'WELCOME' : null }
  const target = parseTarget(decodeURIComponent(url), { protocol: over, wire })
  return { ...settings, targets: [target], publishUrl: httpUrl }
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
    devices: devicesOf(settings, runId),
    connectsPerSecond,
    connectLanes: plan.shards.lanes,
    messageBytes,
    heartbeatSeconds: settings.heartbeatSeconds,
    qos: settings.qos,
    activities: activitiesOf(settings.mode),
    deviceSecret: settings.deviceSecret,
    dispatch: settings.dispatch,
    ...populationOf(settings, runId),
    seed: settings.seed,
  }))
}

/** Bad clients have the numbers after those of the connections. */
export function devicesOf({ connections, badClients, part }: BenchSettings, runId: number) {
  return deviceNamesOf(runId, connections + badClientCount(badClients), part?.deviceScope)
}

function populationOf(
  { population, part }: BenchSettings,
  runId: number,
): Pick<ShardSetup, 'population' | 'roomNames'> {
  const rooms = population?.rooms
  const roomNames: DeviceNames | undefined =
    rooms === undefined ? undefined : tagNamesOf(runId, rooms, part?.deviceScope)
  return { population, roomNames }
}

/** null where nothing is pushed, or there is nowhere to push it. */
export function publisherSetup(
  settings: BenchSettings,
  setup: BenchSetup,
  runId: number,
  limits: Pick<RunLimits, 'answersMs' | 'storedExtraMs'>,
): PublisherSetup | null {
  const { mode, connections, messageBytes, qos, seed, adminToken, publishUrl } = settings
  const elsewhere = settings.publishElsewhere
  if (!needsPublisher(mode) || (publishUrl === null && elsewhere === undefined)) return null
  return {
    url: publishUrl ?? '',
    otherUrls: settings.publishOthers ?? [],
    way: elsewhere === undefined ? null : { target: setup.targets[0], ...elsewhere },
    adminToken,
    kinds: pushKindsOf(mode),
    runId,
    devices: shardSetups(settings, setup, runId)[0].devices,
    connections,
    messageBytes,
    qos,
    seed,
    answersLimitMs: limits.answersMs,
    answersExtraMs: limits.storedExtraMs,
    ...populationOf(settings, runId),
    badDevices: { first: connections, count: pushedBadClients(settings.badClients) },
  }
}

/** Marks the messages of this run and its devices. */
export function newRunId(): number {
  return randomInt(RUN_ID_MIN, 2 ** 32)
}
