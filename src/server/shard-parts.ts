/** What a shard is made of, put together: each part knows only those that it is given here. */
import { createEngine } from '../engine/create-engine.ts'
import {
  DEFAULT_ENGINE_OPTIONS,
  type EngineHandler,
  type EngineOptions,
  type Slot,
  type SocketEngine,
} from '../engine/socket-engine.ts'
import { TimerWheel } from '../engine/timer-wheel.ts'
import { BYE } from '../protocol/frame-types.ts'
import { ShardLog } from './broadcast/shard-log.ts'
import { BroadcastQueue } from './broadcast-queue.ts'
import { DeviceFrames } from './device-frames.ts'
import { DrainPace } from './drain-pace.ts'
import { FrameInput, type FrameSink } from './frame-input.ts'
import { FrameOutput } from './frame-output.ts'
import { NO_GUARD } from './guard/guard-settings.ts'
import { ShardGuard } from './guard/shard-guard.ts'
import { DeviceSignals } from './inbox/device-signals.ts'
import { HeartbeatGrants } from './heartbeat-grants.ts'
import { JoinBatches } from './join-batches.ts'
import { PayloadSeals } from './payload/payload-seals.ts'
import { SessionEnds } from './session-ends.ts'
import { SessionTable } from './session-table.ts'
import { SessionTimers } from './session-timers.ts'
import type { ShardConfiguration, ShardUp } from './shard-messages.ts'
import { TagIndex } from './tag-index.ts'
import { ShardUpstream } from './upstream/shard-upstream.ts'

/** Unfinished bytes beside a frame of full size: WebSocket headers of its fragments. */
const KEPT_OVERHEAD_BYTES = 16 * 1024

export interface ShardParts {
  readonly engine: SocketEngine
  readonly sessions: SessionTable
  readonly tags: TagIndex
  readonly wheel: TimerWheel
  readonly joins: JoinBatches
  readonly signals: DeviceSignals
  readonly output: FrameOutput
  readonly ends: SessionEnds
  readonly upstream: ShardUpstream
  readonly timers: SessionTimers
  readonly frames: DeviceFrames
  readonly input: FrameInput
  readonly broadcasts: BroadcastQueue
  readonly log: ShardLog
  readonly drain: DrainPace
  readonly guard: ShardGuard
  readonly heartbeats: HeartbeatGrants
  readonly seals: PayloadSeals
}

/** Another engine than those that `configuration.engine` names. */
export type EngineMaker = (options: EngineOptions, handler: EngineHandler) => SocketEngine

export function createShardParts(
  configuration: ShardConfiguration,
  handler: EngineHandler,
  post: (message: ShardUp) => void,
  makeEngine: EngineMaker = (options, handler) =>
    createEngine(configuration.engine, options, handler),
): ShardParts {
  const { capacity, limits, broadcastPerSecond, upstream: settings } = configuration
  const engine = makeEngine(engineOptions(configuration), handler)
  const guard = createGuard(configuration, engine)
  const sessions = new SessionTable(capacity)
  const tags = new TagIndex(capacity, configuration.hashKey)
  const wheel = new TimerWheel(capacity)
  const joins = new JoinBatches(configuration.hashKey, post)
  const signals = new DeviceSignals(capacity, post)
  const seals = new PayloadSeals(sessions, capacity, configuration.payloadKeys ?? [])
  const output = new FrameOutput(engine, sessions, limits.frameBytesMax, seals)
  const log = new ShardLog({ engine, output, tags, sessions, capacity, post })
  const upstream = new ShardUpstream({ engine, sessions, output, joins, post, settings })
  const ends = new SessionEnds({ engine, sessions, tags, wheel, output, joins, upstream, seals })
  const dismiss = (slot: Slot, code: number) => ends.dismiss(slot, code)
  const heartbeats = createHeartbeats(configuration, sessions)
  const timers = new SessionTimers(sessions, wheel, limits.handshakeMs, (slot, code) => {
    if (code === BYE.HEARTBEAT_LOST) heartbeats.onLost(slot)
    dismiss(slot, code)
  })
  const frames = new DeviceFrames({
    engine,
    sessions,
    tags,
    output,
    joins,
    signals,
    log,
    upstream,
    guard,
    heartbeats,
    seals,
    restartHeartbeat: (slot) => timers.startHeartbeat(slot),
    dismiss,
  })
  const input = new FrameInput(engine, sessions, guard, limits.frameBytesMax, sinkOf(frames, ends))
  return {
    engine,
    sessions,
    tags,
    wheel,
    joins,
    signals,
    output,
    ends,
    upstream,
    timers,
    heartbeats,
    frames,
    input,
    broadcasts: new BroadcastQueue(engine, sessions, output, log, broadcastPerSecond),
    log,
    drain: new DrainPace(sessions, dismiss, () => post({ kind: 'drained' })),
    guard,
    seals,
  }
}

function createHeartbeats(
  configuration: ShardConfiguration,
  sessions: SessionTable,
): HeartbeatGrants {
  const { heartbeatSecondsMin: secondsMin, heartbeatSecondsMax: secondsMax } = configuration
  const bounds = { secondsMin, secondsMax }
  return new HeartbeatGrants(sessions, configuration.capacity, bounds, performance.now())
}

function createGuard(configuration: ShardConfiguration, engine: SocketEngine): ShardGuard {
  const { guard = NO_GUARD, capacity, limits, hashKey } = configuration
  return new ShardGuard(guard, engine, capacity, limits.frameBytesMax, hashKey)
}

/** Where frames go, and how connections end that send none. */
function sinkOf(frames: DeviceFrames, ends: SessionEnds): FrameSink {
  return {
    onFrame: (slot, frame, bytes) => frames.onFrame(slot, frame, bytes),
    onFault: (slot, code) => ends.dismiss(slot, code),
    onWebSocketFault: (slot, code) => ends.endWebSocket(slot, code, 'websocket-fault'),
    onWebSocketClose: (slot, code) => ends.endWebSocket(slot, code, 'websocket-close'),
    onCut: (slot, name) => ends.cut(slot, name),
    onUpgradeRefused: (slot, status) => ends.end(slot, `http-${status}`),
  }
}

function engineOptions({ capacity, limits, rest }: ShardConfiguration): EngineOptions {
  return {
    ...DEFAULT_ENGINE_OPTIONS,
    capacity,
    sendQueueBytesMax: limits.sendQueueBytesMax,
    bufferedBytesMax: limits.bufferedBytesMax,
    keptBytesMax: limits.frameBytesMax + KEPT_OVERHEAD_BYTES,
    rest,
  }
}
