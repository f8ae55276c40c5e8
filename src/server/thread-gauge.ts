/** What a thread of the node measures of itself: GC, loop lag, memory, CPU. One per thread. */
import { GcRecorder } from '../stats/gc-recorder.ts'
import { LoopLagRecorder } from '../stats/loop-lag-recorder.ts'
import type { ShardSample, ShardTotals } from './shard-messages.ts'

export class ThreadGauge {
  readonly #gc = new GcRecorder()
  readonly #lag = new LoopLagRecorder()

  start(): void {
    this.#gc.start()
    this.#lag.start()
  }

  stop(): void {
    this.#gc.stop()
    this.#lag.stop()
  }

  /** RSS and CPU are those of the whole process. */
  sample(totals: ShardTotals): ShardSample {
    const memory = process.memoryUsage()
    const cpu = process.cpuUsage()
    return {
      totals,
      gc: this.#gc.snapshot(),
      loopLag: this.#lag.recorder.encode(),
      rssBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      externalBytes: memory.external,
      cpuUs: cpu.user + cpu.system,
    }
  }
}
