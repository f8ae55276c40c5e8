/** What the alarms of a node look at beside its counters, kept while it runs. */
import type { NodeHealth } from './node-control.ts'
import { ReadyClock } from './ready-clock.ts'
import { sumCensus } from './session-census.ts'
import type { ShardGroup } from './shard-group.ts'
import type { SampledShard } from './shard-ledger.ts'
import { clockOffsetMs } from './steady-clock.ts'

export class NodeVitals {
  /** Shards that died. */
  shardsLost = 0
  readonly #clock = new ReadyClock(performance.now())
  readonly #group: ShardGroup

  constructor(group: ShardGroup) {
    this.#group = group
  }

  /** At each regular sample. */
  look(isReady: boolean): void {
    this.#clock.look(isReady, performance.now())
  }

  describe(samples: readonly SampledShard[], isReady: boolean): NodeHealth {
    const { answerTimes, pending, unanswered } = this.#group
    this.look(isReady)
    const censuses = samples.map(({ sample }) => sample.census).filter((all) => all !== null)
    return {
      connections: sumCensus(censuses),
      readySeconds: this.#clock.readySeconds,
      upSeconds: this.#clock.upSeconds,
      shardsLost: this.shardsLost,
      shardAnswers: answerTimes.report(),
      shardQuestionsPending: pending,
      shardQuestionsUnanswered: unanswered,
      clockOffsetSeconds: Math.round(clockOffsetMs()) / 1_000,
    }
  }
}
