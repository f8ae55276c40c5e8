/**
 * Asks all shards what they count, at an interval and whenever somebody wants to know now, and
 * shows each answer to those who look at it: the guard, the vitals, the trim of the heap, a drain.
 */
import { HeapTrim } from '../engine/heap-trim.ts'
import { CpuShare } from './cpu-share.ts'
import type { NodeGuard } from './guard/node-guard.ts'
import { NO_TOTALS, sumMemory } from './node-sample.ts'
import type { NodeVitals } from './node-vitals.ts'
import type { ShardGroup } from './shard-group.ts'
import { type SampledShard, ShardLedger } from './shard-ledger.ts'
import { sampleShards } from './shard-samples.ts'
import { ThreadGauge } from './thread-gauge.ts'

/** Fewer are asked together. */
const SPREAD_SHARDS_MIN = 8

export interface NodeSamplerParts {
  readonly group: ShardGroup
  readonly guard: NodeGuard
  readonly vitals: NodeVitals
  isReady(): boolean
  /** HELLOs so far. */
  accepted(): number
  /** The ledger has new samples. */
  onSampled(): void
}

export class NodeSampler {
  readonly ledger = new ShardLedger()
  /** Of the main thread. */
  readonly gauge = new ThreadGauge()
  readonly #cpu = new CpuShare()
  readonly #parts: NodeSamplerParts
  readonly #heapTrim = new HeapTrim()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: NodeSamplerParts) {
    this.#parts = parts
  }

  /** Of the processors that the node could use; 1: all of them. */
  get cpuShare(): number {
    return this.#cpu.share
  }

  /** Resolves with the first sample. */
  async start(intervalMs: number): Promise<void> {
    const spreadMs = this.#parts.group.shards.length < SPREAD_SHARDS_MIN ? 0 : intervalMs / 2
    this.#timer = setInterval(() => void this.take(false, spreadMs), intervalMs)
    await this.take(false)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.gauge.stop()
  }

  /** Those with histograms are for who asks; only the regular ones make an interval. */
  async take(withHistograms: boolean, spreadMs = 0): Promise<readonly SampledShard[]> {
    const { group, guard, vitals, isReady, accepted, onSampled } = this.#parts
    const { ledger } = this
    await sampleShards(group, ledger, withHistograms, spreadMs)
    onSampled()
    vitals.look(isReady())
    if (!withHistograms) {
      const main = this.gauge.sample(NO_TOTALS, false)
      const memoryBytes = sumMemory(ledger.latest, main).rssBytes
      const { loopLagUs } = main
      // Threads all tell the time of the main process.
      const processes = ledger.latest.filter(({ shard }) => shard.link.kind === 'process')
      const cpuUs = processes.reduce((sum, { sample }) => sum + sample.cpuUs, main.cpuUs)
      this.#cpu.observe(performance.now(), cpuUs, ledger.latest.length + 1)
      guard.observe(performance.now(), ledger.latest, { memoryBytes, loopLagUs })
      this.#heapTrim.observe(accepted())
    }
    return ledger.latest
  }
}
