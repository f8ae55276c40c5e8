/** What a thread of the node measures of itself: GC, loop lag, memory, CPU. One per thread. */
import type { TickPhase } from '../stats/aligned-ticker.ts'
import { GcRecorder } from '../stats/gc-recorder.ts'
import { LoopLagRecorder } from '../stats/loop-lag-recorder.ts'
import type { ShardSample, ShardTotals } from './shard-messages.ts'

export class ThreadGauge {
  readonly #gc = new GcRecorder()
  readonly #lag: LoopLagRecorder
  #loopLagUs = 0

  constructor(loopLagTickMs?: number, phase: TickPhase = 0) {
    this.#lag = new LoopLagRecorder(loopLagTickMs, phase)
  }

  start(): void {
    this.#gc.start()
    this.#lag.start()
  }

  stop(): void {
    this.#gc.stop()
    this.#lag.stop()
  }

  /**
   * RSS and CPU are those of the whole process. Histograms cost a scan each, so they are asked for.
   */
  sample(totals: ShardTotals, withHistograms: boolean): ShardSample {
    const memory = process.memoryUsage()
    const cpu = process.cpuUsage()
    // The regular samples are those without; only they make an interval.
    if (!withHistograms) this.#loopLagUs = this.#lag.takeMeanUs()
    return {
      totals,
      histograms: withHistograms
        ? { gc: this.#gc.snapshot(), loopLag: this.#lag.recorder.encode() }
        : null,
      census: null,
      loopLagUs: this.#loopLagUs,
      rssBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      externalBytes: memory.external,
      cpuUs: cpu.user + cpu.system,
    }
  }
}
