/**
 * The last known sample of each shard, and what shards that died had counted: totals of the node
 * never step back, because a counter that does looks like a restart to whoever draws rates. What a
 * shard counted between its last sample and its death is lost; at most one sample interval.
 *
 *   place │ latest            │ of those that died here
 *       0 │ sample, answered  │ ·
 *       1 │ none (it is down) │ sum of two shards
 */
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import { LongestPauses } from '../stats/longest-pauses.ts'
import { sumRefusals } from './guard/refusal-counts.ts'
import type { RunningShard } from './shard-group.ts'
import type { ShardSample, ShardTotals } from './shard-messages.ts'

/** counter: only grows, so it outlives its shard. gauge: ends with it. */
const KIND_OF_TOTAL: Readonly<
  Record<Exclude<keyof ShardTotals, 'closes' | 'refusals'>, 'counter' | 'gauge'>
> = {
  connectionsAccepted: 'counter',
  connectionsOpen: 'gauge',
  devicesOnline: 'gauge',
  framesReceived: 'counter',
  messagesSent: 'counter',
  heartbeats: 'counter',
  bytesReceived: 'counter',
  bytesSent: 'counter',
  bufferedBytes: 'gauge',
  acceptsDeferred: 'counter',
}

type Histograms = NonNullable<ShardSample['histograms']>

export interface SampledShard {
  readonly shard: RunningShard
  readonly sample: ShardSample
}

/** What the dead of one place had counted. */
export interface Legacy {
  readonly totals: ShardTotals
  readonly histograms: Histograms | null
  readonly cpuUs: number
}

export class ShardLedger {
  readonly #latest: (SampledShard | undefined)[] = []
  readonly #legacies: (Legacy | undefined)[] = []
  readonly #silent = new Set<RunningShard>()

  /** null: it did not answer in time, and what it said last stands. */
  record(shard: RunningShard, sample: ShardSample | null): void {
    // An answer may come in one turn with the news of its death.
    if (!shard.isAlive) return
    if (sample === null) {
      this.#silent.add(shard)
      return
    }
    this.#silent.delete(shard)
    const last = this.#latest[shard.index]?.sample
    // Most samples come without histograms; the last ones stand until there are newer ones.
    const isWhole = sample.histograms !== null || last === undefined
    const whole = isWhole ? sample : { ...sample, histograms: last.histograms, census: last.census }
    this.#latest[shard.index] = { shard, sample: whole }
  }

  /** A shard died: its counters stay, its gauges go. */
  bury(shard: RunningShard): void {
    this.#silent.delete(shard)
    const last = this.#latest[shard.index]
    if (last?.shard !== shard) return
    const own: Legacy = {
      totals: countersOf(last.sample.totals),
      histograms: last.sample.histograms,
      // Threads all tell the time of their process, which goes on.
      cpuUs: shard.link.kind === 'process' ? last.sample.cpuUs : 0,
    }
    const before = this.#legacies[shard.index]
    this.#legacies[shard.index] = before === undefined ? own : joined(before, own)
    this.#latest[shard.index] = undefined
  }

  /** Of the shards that live, in the order of places. */
  get latest(): readonly SampledShard[] {
    return this.#latest.filter((sampled) => sampled !== undefined)
  }

  get legacies(): readonly Legacy[] {
    return this.#legacies.filter((legacy) => legacy !== undefined)
  }

  latestOf(index: number): SampledShard | null {
    return this.#latest[index] ?? null
  }

  legacyOf(index: number): Legacy | null {
    return this.#legacies[index] ?? null
  }

  /** Those that let the last question go by. */
  get silent(): readonly number[] {
    return [...this.#silent].map(({ index }) => index)
  }

  /** Whether it let the last question go by. */
  isSilent(shard: RunningShard): boolean {
    return this.#silent.has(shard)
  }
}

function countersOf(totals: ShardTotals): ShardTotals {
  const kept = { ...totals, closes: { ...totals.closes } }
  for (const [name, kind] of Object.entries(KIND_OF_TOTAL)) {
    if (kind === 'gauge') kept[name as keyof typeof KIND_OF_TOTAL] = 0
  }
  return kept
}

function joined(a: Legacy, b: Legacy): Legacy {
  return {
    totals: addTotals(a.totals, b.totals),
    histograms: joinedHistograms(a.histograms, b.histograms),
    cpuUs: a.cpuUs + b.cpuUs,
  }
}

export function addTotals(a: ShardTotals, b: ShardTotals): ShardTotals {
  const sum = {
    ...a,
    closes: { ...a.closes },
    refusals: sumRefusals([a.refusals, b.refusals]),
  }
  for (const name of Object.keys(KIND_OF_TOTAL) as (keyof typeof KIND_OF_TOTAL)[]) {
    sum[name] = a[name] + b[name]
  }
  for (const [name, count] of Object.entries(b.closes)) {
    sum.closes[name] = (sum.closes[name] ?? 0) + count
  }
  return sum
}

/** One encoded recorder of each kind, however many died here. */
function joinedHistograms(a: Histograms | null, b: Histograms | null): Histograms | null {
  if (a === null || b === null) return a ?? b
  const loopLag = LatencyRecorder.decode(a.loopLag)
  loopLag.mergeEncoded(b.loopLag)
  const gc = [...new Set([...a.gc, ...b.gc].map(({ kind }) => kind))].map((kind) => {
    const recorder = new LatencyRecorder()
    const longest = new LongestPauses()
    for (const snapshot of [...a.gc, ...b.gc].filter((each) => each.kind === kind)) {
      recorder.mergeEncoded(snapshot.encoded)
      const pairs = snapshot.longest ?? []
      for (let at = 0; at < pairs.length; at += 2) {
        longest.add(pairs[at], pairs[at + 1])
      }
    }
    return { kind, encoded: recorder.encode(), longest: longest.pairs() }
  })
  return { gc, loopLag: loopLag.encode() }
}
