/** One generator shard against a target of a test, without processes: connect, send, count. */
import { vi } from 'vitest'
import { EpollEngine } from '../../../src/engine/epoll-engine.ts'
import { deviceNamesOf } from '../../../src/loadgen/device-names.ts'
import { LoadShard } from '../../../src/loadgen/load-shard.ts'
import type { PublisherSetup, PushKind, SteadyStage } from '../../../src/loadgen/shard-messages.ts'
import type { PublishWay } from '../../../src/loadgen/target/publish/publish-wire.ts'
import { openStream, publishFormat } from '../../../src/loadgen/target/publish/open-publishing.ts'
import { parseTarget, type ResolvedTarget } from '../../../src/loadgen/target/target-address.ts'
import {
  DEFAULT_WIRE,
  type TargetProtocol,
  type WireSettings,
} from '../../../src/loadgen/target/wire-settings.ts'
import { nowUs } from '../../../src/stats/clock.ts'

export const RUN_ID = 0x9abc_def1
export const engines = EpollEngine.isAvailable()
  ? (['epoll', 'node'] as const)
  : (['node'] as const)

export function targetOf(
  url: string,
  wire: Partial<WireSettings> = {},
  protocol: TargetProtocol | null = null,
): ResolvedTarget {
  const wishes = { protocol, wire: { ...DEFAULT_WIRE, ...wire } }
  return { ...parseTarget(url, wishes), address: '127.0.0.1' }
}

export interface DrivenOptions {
  readonly connections?: number
  readonly engine?: 'epoll' | 'node'
  readonly messageBytes?: number
  readonly heartbeatSeconds?: number
  readonly broadcast?: boolean
}

export class DrivenShard {
  readonly shard: LoadShard
  readonly target: ResolvedTarget
  readonly #options: Required<DrivenOptions>

  private constructor(shard: LoadShard, target: ResolvedTarget, options: Required<DrivenOptions>) {
    this.shard = shard
    this.target = target
    this.#options = options
  }

  /** Resolves when all connections are up or have failed. */
  static async connect(target: ResolvedTarget, chosen: DrivenOptions = {}): Promise<DrivenShard> {
    const options = {
      connections: 3,
      engine: engines[0],
      messageBytes: 100,
      qos: 0,
      heartbeatSeconds: 0,
      broadcast: false,
      ...chosen,
    }
    const { connections, engine, messageBytes, heartbeatSeconds, broadcast } = options
    const shard = await new Promise<LoadShard>((resolve) => {
      const started: LoadShard = new LoadShard(
        {
          share: { connections, shard: 0, shards: 1 },
          targets: [target],
          sources: [],
          engine,
          runId: RUN_ID,
          devices: deviceNamesOf(RUN_ID, connections),
          connectsPerSecond: 1e6,
          connectLanes: 1,
          messageBytes,
          qos: 0,
          heartbeatSeconds,
          activities: { echo: true, unicast: true, broadcast },
        },
        () => resolve(started),
      )
      started.connector.start(nowUs())
    })
    shard.receipts.begin(0)
    return new DrivenShard(shard, target, options)
  }

  get failures(): readonly { phase: string; cause: string; count: number; sample: string }[] {
    return this.shard.failures.rows()
  }

  /** Sends so many messages, all due at once, over the connections in turn. */
  echo(messages: number): void {
    const startUs = nowUs()
    const arrivals = { kind: 'counted', total: messages, eventsPerSecond: 0 } as const
    const stage: SteadyStage = {
      startUs,
      measureFromUs: startUs,
      endUs: startUs + 10e6,
      arrivals,
      broadcasts: null,
      turnover: null,
    }
    this.shard.startSteady(stage)
  }

  /** Pushes one message to each device in turn, or to all; resolves with the answers counted. */
  async publish(kind: PushKind, pushes: number, way: PublishWay): Promise<PublishOutcome> {
    const { connections, messageBytes } = this.#options
    const setup: PublisherSetup = {
      url: '',
      way,
      adminToken: null,
      kinds: [kind],
      runId: RUN_ID,
      devices: deviceNamesOf(RUN_ID, connections),
      connections,
      messageBytes,
      qos: 0,
      seed: 1,
      answersLimitMs: 1_000,
    }
    const outcome: PublishOutcome = { answered: 0, refused: [], broken: null }
    const format = publishFormat(setup, kind === 'broadcast' ? 'all' : 'device', setup.messageBytes)
    const stream = openStream(setup, kind, 0, {
      onDrain() {},
      onRefused: (cause) => outcome.refused.push(cause),
      onBroken: (error) => {
        outcome.broken = error
      },
    })
    const chunk = Buffer.alloc(pushes * format.lineBytes)
    for (let index = 0; index < pushes; index++) {
      const device = index % connections
      const seq = kind === 'broadcast' ? index + 1 : Math.floor(index / connections) + 1
      format.write(chunk, index * format.lineBytes, device, seq, nowUs(), nowUs())
    }
    stream.write(chunk, pushes)
    stream.end()
    await stream.done
    outcome.answered = stream.answered
    await stream.destroy()
    return outcome
  }

  /** Messages that came, by kind, and what was wrong with them. */
  get received() {
    const { direct, broadcasts, foreign } = this.shard.receipts
    return {
      direct: direct.received,
      broadcast: broadcasts.received,
      duplicated: direct.duplicated + broadcasts.duplicated,
      reordered: direct.reordered + broadcasts.reordered,
      foreign,
    }
  }

  async stop(): Promise<void> {
    this.shard.stopSending()
    await this.shard.close(500)
  }
}

export interface PublishOutcome {
  answered: number
  refused: string[]
  broken: Error | null
}

export async function eventually(condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { timeout: 10_000, interval: 5 })
}
