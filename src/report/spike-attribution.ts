/**
 * What happened at the same time as the latency spikes of a run: collections of either side, and
 * trouble of the generator's host. Coincidence, not cause; but three of four spikes beside a
 * collection that takes as long is where to look first. A pause counts where it overlaps the
 * interval of the spike and is at least a quarter as long: a pause of 5 ms explains no spike of
 * 300. Pure.
 */
import type { IntervalReport, RunReport } from '../stats/run-report.ts'

export interface Spike {
  readonly atMs: number
  readonly maxUs: number
  /** Names from `Attribution.causes`; empty: nothing that was recorded. */
  readonly causes: readonly string[]
}

export interface Attribution {
  /** Intervals whose maximum is above this are spikes. */
  readonly thresholdUs: number
  /** In order of time. */
  readonly spikes: readonly Spike[]
  /** Most frequent first. */
  readonly causes: readonly { readonly name: string; readonly spikes: number }[]
  readonly unexplained: number
}

interface Pause {
  readonly cause: string
  readonly fromMs: number
  readonly toMs: number
  readonly us: number
}

const SPIKE_US_MIN = 10_000
/** A spike stands out of the ordinary by this factor. */
const OUTSTANDING = 4
const PAUSE_SHARE_MIN = 0.25
/** What was held up by a pause arrives after it; the interval may have begun by then. */
const ARRIVAL_GRACE_MS = 100
const CPU_PERCENT_FULL = 95

/** null: nothing was measured over time, or nothing stands out. */
export function attributeSpikes(report: RunReport): Attribution | null {
  const rows = report.intervals.filter(({ max }) => max > 0)
  if (rows.length === 0) return null
  const thresholdUs = roundUp(
    Math.max(SPIKE_US_MIN, OUTSTANDING * median(rows.map(({ max }) => max))),
  )
  const spiked = rows.filter(({ max }) => max > thresholdUs)
  if (spiked.length === 0) return null
  const pauses = pausesOf(report)
  const calm = medianRetransmits(rows)
  const spikes = spiked.map((row) => ({
    atMs: row.at_ms,
    maxUs: row.max,
    causes: [...new Set([...pausesAt(row, pauses), ...hostTroubles(row, calm)])],
  }))
  const counts = new Map<string, number>()
  for (const cause of spikes.flatMap(({ causes }) => causes)) {
    counts.set(cause, (counts.get(cause) ?? 0) + 1)
  }
  return {
    thresholdUs,
    spikes,
    causes: [...counts]
      .map(([name, count]) => ({ name, spikes: count }))
      .sort((a, b) => b.spikes - a.spikes),
    unexplained: spikes.filter(({ causes }) => causes.length === 0).length,
  }
}

function pausesOf({ gc }: RunReport): Pause[] {
  return (['target', 'generator'] as const).flatMap((side) =>
    gc[side].kinds.flatMap(({ kind, longest = [] }) =>
      longest.map(({ at_ms, us, within_ms = 0 }) => ({
        cause: `the ${side}'s ${kind} GC`,
        fromMs: at_ms,
        toMs: at_ms + Math.max(within_ms, us / 1000),
        us,
      })),
    ),
  )
}

function pausesAt({ at_ms, span_ms = 1_000, max }: IntervalReport, pauses: readonly Pause[]) {
  const fromMs = at_ms - span_ms - ARRIVAL_GRACE_MS
  return pauses
    .filter((pause) => pause.us >= max * PAUSE_SHARE_MIN)
    .filter((pause) => pause.toMs >= fromMs && pause.fromMs <= at_ms)
    .map(({ cause }) => cause)
}

/** @param calm retransmits per second of an ordinary interval */
function hostTroubles({ host, span_ms = 1_000 }: IntervalReport, calm: number): string[] {
  if (host === undefined) return []
  const { retransmits, listen_overflows, softnet_drops, cpu_percent } = host
  const perSecond = ((retransmits ?? 0) * 1000) / span_ms
  return [
    ...(perSecond >= 1 && perSecond > calm * OUTSTANDING ? ['TCP retransmits'] : []),
    ...((listen_overflows ?? 0) > 0 ? ['listen overflows'] : []),
    ...((softnet_drops ?? 0) > 0 ? ['packets dropped by softnet'] : []),
    ...((cpu_percent ?? 0) >= CPU_PERCENT_FULL ? ["all CPUs of the generator's host busy"] : []),
  ]
}

function medianRetransmits(rows: readonly IntervalReport[]): number {
  return median(
    rows.map(({ host, span_ms = 1_000 }) => ((host?.retransmits ?? 0) * 1000) / span_ms),
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
}

/** To the next of 1, 2, 5, 10, 20, 50 …: "over 100 ms" is read more easily than "over 87.4 ms". */
function roundUp(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 5, 10].find((factor) => factor * decade >= value * (1 - 1e-9)) ?? 10
  return step * decade
}
