/**
 * Running totals of a run over its steps: shards and publisher count each step from zero, the
 * picture over time does not.
 */
import type { RunPublisher } from './run-publisher.ts'
import type { ShardGroup } from './shard-group.ts'

const NAMES = ['attempted', 'established', 'failed', 'sent', 'received'] as const
export type Totals = Record<(typeof NAMES)[number], number>

export class RunTotals {
  readonly #shards: ShardGroup
  readonly #publisher: () => RunPublisher | null
  readonly #earlier: Totals = { attempted: 0, established: 0, failed: 0, sent: 0, received: 0 }

  constructor(shards: ShardGroup, publisher: () => RunPublisher | null) {
    this.#shards = shards
    this.#publisher = publisher
  }

  read(): Totals {
    const now = this.#ofStep()
    for (const name of NAMES) now[name] += this.#earlier[name]
    return now
  }

  /** @param reset makes shards and publisher count from zero */
  beginStep(reset: () => void): void {
    const before = this.#ofStep()
    reset()
    const after = this.#ofStep()
    for (const name of NAMES) this.#earlier[name] += before[name] - after[name]
  }

  #ofStep(): Totals {
    const shards = this.#shards
    const publisher = this.#publisher()
    return {
      attempted: shards.sum(({ attempted }) => attempted),
      established: shards.sum(({ established }) => established),
      failed: shards.sum(({ failed }) => failed),
      sent: publisher === null ? shards.sum(({ sent }) => sent) : publisher.sent,
      received: shards.sum(({ received }) => received),
    }
  }
}
