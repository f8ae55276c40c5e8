/**
 * The coordinator's end of the bad clients. Whatever happens to them or to their processes never
 * fails a run: what was not heard of them is not in its report.
 */
import { type ShardLink, startShard } from '../../engine/shard-host.ts'
import type { BadClientReport } from '../../stats/run-report.ts'
import type { NodeApi } from '../node-api.ts'
import type { RunPlan } from '../plan/run-plan.ts'
import type { ShardSetup } from '../shard-messages.ts'
import type { BadClientSettings } from './bad-client-kinds.ts'
import type { BadClientsDown, BadClientsUp } from './bad-client-messages.ts'
import { type BadClientCounts, badClientReports } from './bad-client-tally.ts'
import { type Closes, NodeCloses } from './node-closes.ts'

const FINISH_MS_MAX = 5_000

type Link = ShardLink<BadClientsDown, BadClientsUp>

export interface BadClientFindings {
  readonly kinds: readonly BadClientReport[]
  /** What the node called the ends of connections meanwhile; null: it did not say. */
  readonly endedByNode: Closes | null
}

export class BadClientGroup {
  readonly #links: readonly Link[]
  readonly #counts: (readonly BadClientCounts[] | null)[]
  readonly #gone: Promise<void>[] = []
  readonly #closes: NodeCloses

  /** null where there are none. @param api of the node that they go to, null: it has none */
  static of(
    { badClients, badClientDemand }: RunPlan,
    shard: ShardSetup,
    api: NodeApi | null,
  ): BadClientGroup | null {
    if (badClients === undefined || badClientDemand === undefined) return null
    return new BadClientGroup(badClients, shard, badClientDemand.processes, new NodeCloses(api))
  }

  constructor(settings: BadClientSettings, shard: ShardSetup, of: number, closes: NodeCloses) {
    this.#closes = closes
    this.#counts = new Array(of).fill(null)
    this.#links = Array.from({ length: of }, (_, index) => {
      const link: Link = startShard({ kind: 'process', entry: 'loadgen-bad-clients', index })
      this.#gone.push(this.#listen(link, index))
      link.post({ kind: 'setup', setup: { shard, settings, index, of } })
      return link
    })
  }

  /** They begin to connect. */
  start(): void {
    this.#closes.begin()
    for (const link of this.#links) link.post({ kind: 'start' })
  }

  /** Ends them all; what each process has to say within the limit. */
  async finish(): Promise<BadClientFindings> {
    // Before they are: what they end themselves is none of the node's doing.
    const endedByNode = await this.#closes.sinceBegin()
    for (const link of this.#links) link.post({ kind: 'finish' })
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise((resolve) => {
      timer = setTimeout(resolve, FINISH_MS_MAX)
    })
    await Promise.race([Promise.all(this.#gone), limit])
    clearTimeout(timer)
    const kinds = badClientReports(this.#counts.filter((counts) => counts !== null))
    return { kinds, endedByNode }
  }

  async kill(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.kill()))
  }

  /** Resolves with its counts, or with its end. */
  #listen(link: Link, index: number): Promise<void> {
    return new Promise((resolve) => {
      link.onMessage((message) => {
        if (message.kind === 'counts') this.#counts[index] = message.counts
        if (message.kind !== 'ready') resolve()
      })
      link.onExit(() => resolve())
    })
  }
}
