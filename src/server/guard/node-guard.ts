/**
 * Overload as the main thread sees it: looks at each regular sample of the shards, tells every
 * shard its load level, and says what the node as a whole refuses. What each level gives up is
 * drawn in node-load.ts.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { ShardDown, ShardSample } from '../shard-messages.ts'
import type { NodeGuardSettings } from './guard-settings.ts'
import { type LoadLimits, NodeLoad } from './node-load.ts'
import { RefusalCounts } from './refusal-counts.ts'

/** From these levels on. */
const NOT_READY = 2
const REFUSE_BROADCASTS = 3

/** As GET /v1/node shows it. */
export interface LoadDescription {
  /** 0: all is served, to 3. */
  readonly level: number
  /** Of the node's own level; '' at level 0. */
  readonly reason: string
  /** Level of each shard that lives, in the order of places. */
  readonly shards: readonly { readonly index: number; readonly level: number }[]
  readonly memoryBytesMax: number
  readonly loopLagMsMax: number
  readonly connectsPerSecondMax: number
}

interface WatchedShard {
  readonly index: number
  readonly link: { post(message: ShardDown): void }
}

export class NodeGuard {
  readonly refusals = new RefusalCounts()
  #settings: NodeGuardSettings
  readonly #load: NodeLoad
  #shards: readonly WatchedShard[] = []
  /** What each shard was told last; one that starts is at level 0. */
  readonly #told = new Map<number, number>()

  constructor(settings: NodeGuardSettings) {
    this.#settings = settings
    this.#load = new NodeLoad(settings)
  }

  /** From the next look on; the other limits stay as they are. */
  limitLoad(limits: LoadLimits): void {
    this.#settings = { ...this.#settings, ...limits }
    this.#load.limits = limits
  }

  get loadReason(): string {
    return this.#load.reason
  }

  /** One look, at about the interval in which the shards are sampled. */
  observe(
    nowMs: number,
    sampled: readonly { readonly shard: WatchedShard; readonly sample: ShardSample }[],
    main: { readonly memoryBytes: number; readonly loopLagUs: number },
  ): void {
    this.#shards = sampled.map(({ shard }) => shard)
    this.#load.observe(nowMs, {
      memoryBytes: main.memoryBytes,
      mainLagMs: main.loopLagUs / 1000,
      shards: sampled.map(({ shard, sample }) => ({
        index: shard.index,
        lagMs: sample.loopLagUs / 1000,
      })),
    })
    for (const { index, link } of this.#shards) {
      const level = this.#load.levelOf(index)
      if (level === (this.#told.get(index) ?? 0)) continue
      this.#told.set(index, level)
      link.post({ kind: 'load', level })
    }
  }

  onShardLost(index: number): void {
    this.#shards = this.#shards.filter((shard) => shard.index !== index)
    this.#load.forgetShard(index)
    this.#told.delete(index)
  }

  /** What bulk work of the main thread looks at: it waits from level 1 on. */
  get level(): number {
    return this.#load.level
  }

  /** How near the node is to refusing devices, by memory and loop lag; 1: it does. */
  get loadShare(): number {
    return this.#load.level < NOT_READY ? Math.min(1, this.#load.share) : 1
  }

  /** Why no new devices should be sent here, '' where they may come. */
  get notReadyReason(): string {
    return this.#load.level < NOT_READY ? '' : `overloaded: ${this.#load.reason}`
  }

  /** Throws where the node is too loaded to reach many devices at once. */
  admitBroadcast(): void {
    if (this.#load.level < REFUSE_BROADCASTS) return
    this.refusals.add('broadcast-overloaded')
    throw new PushctlError(
      'PUSHCTL_TARGET_REFUSED',
      `expected a node with room for a broadcast, it is overloaded: ${this.#load.reason}`,
      { tries: ['push again when /readyz is green; pushes to named devices are still taken'] },
    )
  }

  describe(): LoadDescription {
    const { memoryBytesMax, loopLagMsMax, connectsPerSecond } = this.#settings
    return {
      level: this.#load.level,
      reason: this.#load.reason,
      shards: this.#shards.map(({ index }) => ({ index, level: this.#load.levelOf(index) })),
      memoryBytesMax,
      loopLagMsMax,
      connectsPerSecondMax: connectsPerSecond,
    }
  }
}
