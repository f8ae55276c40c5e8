/**
 * The coordinator's end of the bad clients. Whatever happens to them or to their processes never
 * fails a run: what was not heard of them is not in its report.
 */
import { type ShardLink, startShard } from '../../engine/shard-host.ts'
import type { BadClientReport } from '../../stats/run-report.ts'
import type { ShardSetup } from '../shard-messages.ts'
import { type BadClientSettings, badClientCount } from './bad-client-kinds.ts'
import type { BadClientsDown, BadClientsUp } from './bad-client-messages.ts'
import { type BadClientCounts, badClientReports } from './bad-client-tally.ts'

/** Descriptors of one process; more of them make more processes. */
const CLIENTS_PER_PROCESS = 8_000
const FINISH_MS_MAX = 5_000

type Link = ShardLink<BadClientsDown, BadClientsUp>

export class BadClientGroup {
  readonly #links: readonly Link[]
  readonly #counts: (readonly BadClientCounts[] | null)[]
  readonly #gone: Promise<void>[] = []

  /** null where there are none. */
  static of(settings: BadClientSettings | undefined, shard: ShardSetup): BadClientGroup | null {
    const count = badClientCount(settings)
    if (settings === undefined || count === 0) return null
    return new BadClientGroup(settings, shard, Math.ceil(count / CLIENTS_PER_PROCESS))
  }

  constructor(settings: BadClientSettings, shard: ShardSetup, of: number) {
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
    for (const link of this.#links) link.post({ kind: 'start' })
  }

  /** Ends them all; what each process has to say within the limit. */
  async finish(): Promise<readonly BadClientReport[]> {
    for (const link of this.#links) link.post({ kind: 'finish' })
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise((resolve) => {
      timer = setTimeout(resolve, FINISH_MS_MAX)
    })
    await Promise.race([Promise.all(this.#gone), limit])
    clearTimeout(timer)
    return badClientReports(this.#counts.filter((counts) => counts !== null))
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
