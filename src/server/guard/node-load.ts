/**
 * Watches what can overload a node (its memory, the lag of its event loops) and says how far it is
 * degraded. Memory and the main thread are the whole node's; a shard that lags is degraded alone,
 * so that its trouble stays in it, and only where all shards lag is the node.
 *
 *   level │ since                                   │ what is given up
 *       1 │ memory 80 % of its limit, lag 50 %      │ connections paced; lazy, broadcasts wait
 *       2 │ memory 90 %, lag 100 %                  │ HELLOs are refused with 4100, /readyz is red
 *       3 │ memory 100 %, lag 200 %                 │ broadcasts and upstream data are refused
 */
import { formatBytes, formatDurationMs } from '../../config/quantities.ts'
import { LoadLevel, levelKept, levelReached, type LoadSteps } from './load-level.ts'

const MEMORY_SHARES: LoadSteps = [0.8, 0.9, 1]
const LAG_SHARES: LoadSteps = [0.5, 1, 2]

export interface LoadLimits {
  /** RSS of all processes of the node; 0: no limit. */
  readonly memoryBytesMax: number
  /** Mean lateness of an event loop over one look; 0: no limit. */
  readonly loopLagMsMax: number
}

export interface LoadObservation {
  readonly memoryBytes: number
  readonly mainLagMs: number
  readonly shards: readonly { readonly index: number; readonly lagMs: number }[]
}

interface Pressure {
  readonly reached: number
  readonly kept: number
  /** Of what level 2 is reached at. */
  readonly share: number
  readonly reason: string
}

const CALM: Pressure = { reached: 0, kept: 0, share: 0, reason: '' }

/** A lag counts when two looks in a row saw it: one stall is no overload. */
class SteadyLag {
  #lastMs = 0

  observe(lagMs: number): number {
    const steadyMs = Math.min(lagMs, this.#lastMs)
    this.#lastMs = lagMs
    return steadyMs
  }
}

export class NodeLoad {
  /** What made the node reach its level: "memory 1.2 GiB of 1 GiB"; '' at level 0. */
  reason = ''
  /** How near the node is to refusing HELLOs (level 2), which it does at 1; at the last look. */
  share = 0
  #limits: LoadLimits
  readonly #node = new LoadLevel()
  readonly #mainLag = new SteadyLag()
  readonly #shards = new Map<number, { readonly level: LoadLevel; readonly lag: SteadyLag }>()

  constructor(limits: LoadLimits) {
    this.#limits = limits
  }

  /** From the next look on. */
  set limits(limits: LoadLimits) {
    this.#limits = limits
  }

  /** Of the node as a whole. */
  get level(): number {
    return this.#node.level
  }

  /** Of one shard: the node's, or its own where that is higher. */
  levelOf(shardIndex: number): number {
    return Math.max(this.#node.level, this.#shards.get(shardIndex)?.level.level ?? 0)
  }

  /** One look. True: some level has changed. */
  observe(nowMs: number, { memoryBytes, mainLagMs, shards }: LoadObservation): boolean {
    let changed = false
    let calmest: Pressure | null = null
    for (const { index, lagMs } of shards) {
      const { level, lag } = this.#shardOf(index)
      const pressure = this.#lagPressure(lag.observe(lagMs))
      if (level.observe(nowMs, pressure.reached, pressure.kept)) changed = true
      if (calmest === null || pressure.share < calmest.share) calmest = pressure
    }
    const causes = [
      this.#memoryPressure(memoryBytes),
      this.#lagPressure(this.#mainLag.observe(mainLagMs)),
      calmest ?? CALM,
    ]
    this.share = Math.max(...causes.map((cause) => cause.share))
    const worst = causes.reduce((most, cause) => (cause.kept > most.kept ? cause : most))
    const reached = Math.max(...causes.map((cause) => cause.reached))
    if (this.#node.observe(nowMs, reached, worst.kept)) changed = true
    if (this.#node.level === 0) this.reason = ''
    else if (worst.kept >= this.#node.level || this.reason === '') this.reason = worst.reason
    return changed
  }

  /** Its devices are gone, and so is what it suffered from. */
  forgetShard(index: number): void {
    this.#shards.delete(index)
  }

  #shardOf(index: number) {
    let shard = this.#shards.get(index)
    if (!shard) {
      shard = { level: new LoadLevel(), lag: new SteadyLag() }
      this.#shards.set(index, shard)
    }
    return shard
  }

  #memoryPressure(bytes: number): Pressure {
    const { memoryBytesMax } = this.#limits
    if (memoryBytesMax === 0) return CALM
    const share = bytes / memoryBytesMax
    const kept = levelKept(share, MEMORY_SHARES)
    const ofRefusing = share / MEMORY_SHARES[1]
    if (kept === 0) return { ...CALM, share: ofRefusing }
    const reason = `memory ${formatBytes(bytes)} of ${formatBytes(memoryBytesMax)}`
    return { reached: levelReached(share, MEMORY_SHARES), kept, share: ofRefusing, reason }
  }

  #lagPressure(lagMs: number): Pressure {
    const { loopLagMsMax } = this.#limits
    if (loopLagMsMax === 0) return CALM
    const share = lagMs / loopLagMsMax
    const kept = levelKept(share, LAG_SHARES)
    const ofRefusing = share / LAG_SHARES[1]
    if (kept === 0) return { ...CALM, share: ofRefusing }
    const reason = `loop lag ${formatDurationMs(Math.round(lagMs))}`
    return { reached: levelReached(share, LAG_SHARES), kept, share: ofRefusing, reason }
  }
}
