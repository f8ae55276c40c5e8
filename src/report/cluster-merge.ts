/**
 * What several generators saw of one cluster as one: they drove the same nodes, each with devices
 * of its own, so counts of a node are added up, and so are its devices at every moment.
 */
import type {
  ClusterEventReport,
  ClusterNodeReport,
  ClusterReport,
  TimedCount,
} from '../stats/cluster-report.ts'
import type { RunReport } from '../stats/run-report.ts'
import { sumOf } from './row-sums.ts'

const SECOND_MS = 1_000

/** A part with the time by which its run began after the first of all. */
interface ClusterPart {
  readonly cluster: ClusterReport
  readonly byMs: number
}

/** {} where no report has any. @param startMs when the first of all runs began */
export function mergeClusters(
  reports: readonly RunReport[],
  startMs: number,
): Pick<RunReport, 'cluster'> {
  const parts = partsOf(reports, startMs)
  if (parts.length === 0) return {}
  if (parts.length === 1 && parts[0].byMs === 0) return { cluster: parts[0].cluster }
  const clusters = parts.map(({ cluster }) => cluster)
  const scenarios = [...new Set(clusters.flatMap(({ scenario = [] }) => scenario))]
  const events = mergeEvents(parts)
  return {
    cluster: {
      nodes: mergeNodes(parts),
      devices_affected: sumOf(clusters, (cluster) => cluster.devices_affected),
      devices_away_at_end: sumOf(clusters, (cluster) => cluster.devices_away_at_end),
      ...mergeMoves(parts),
      ...(scenarios.length === 0 ? {} : { scenario: scenarios.join(', ') }),
      ...(events.length === 0 ? {} : { events }),
    },
  }
}

/** What of it only one report can say by itself. */
export function clusterLeftOut(reports: readonly RunReport[]): string[] {
  const parts = partsOf(reports, 0)
  if (parts.length < 2 || parts.every(saysWhen)) return []
  return [
    'cluster.moves_per_second of all together: one does not say when its devices moved, ' +
      'so it is that of the one with the most',
  ]
}

function partsOf(reports: readonly RunReport[], startMs: number): ClusterPart[] {
  return reports.flatMap(({ cluster, started_at }) =>
    cluster === undefined ? [] : [{ cluster, byMs: Date.parse(started_at) - startMs }],
  )
}

function mergeNodes(parts: readonly ClusterPart[]): ClusterNodeReport[] {
  const names = new Set(parts.flatMap(({ cluster }) => cluster.nodes.map(({ node }) => node)))
  return [...names].sort().map((name) => {
    const rows = parts.flatMap(({ cluster, byMs }) =>
      cluster.nodes.filter(({ node }) => node === name).map((row) => shifted(row, byMs)),
    )
    const traces = rows.flatMap(({ over_time }) => (over_time === undefined ? [] : [over_time]))
    return {
      node: name,
      site: rows.find(({ site }) => site !== '')?.site ?? '',
      devices_at_start: sumOf(rows, (row) => row.devices_at_start),
      devices_at_end: sumOf(rows, (row) => row.devices_at_end),
      welcomed: sumOf(rows, (row) => row.welcomed),
      lost: sumOf(rows, (row) => row.lost),
      moved: sumOf(rows, (row) => row.moved),
      failed: sumOf(rows, (row) => row.failed),
      ...(traces.length < rows.length ? {} : { over_time: addTraces(traces) }),
    }
  })
}

function shifted(row: ClusterNodeReport, byMs: number): ClusterNodeReport {
  if (row.over_time === undefined) return row
  return { ...row, over_time: row.over_time.map(([at, count]) => [at + byMs, count]) }
}

/** Steps: a count holds until the next. Before its first a part has its devices already. */
function addTraces(traces: readonly (readonly TimedCount[])[]): TimedCount[] {
  const times = [...new Set(traces.flatMap((trace) => trace.map(([at]) => at)))]
  const next = traces.map(() => 0)
  return times
    .sort((a, b) => a - b)
    .map((at): TimedCount => {
      let sum = 0
      for (const [part, trace] of traces.entries()) {
        while (next[part] < trace.length && trace[next[part]][0] <= at) next[part] += 1
        sum += (trace[Math.max(0, next[part] - 1)] ?? [0, 0])[1]
      }
      return [at, sum]
    })
}

type Moves = Pick<
  ClusterReport,
  'moves' | 'moves_per_second' | 'moves_per_second_max' | 'moves_over_time'
>

function mergeMoves(parts: readonly ClusterPart[]): Moves {
  const moves = sumOf(parts, ({ cluster }) => cluster.moves)
  if (!parts.every(saysWhen)) {
    const most = (read: (cluster: ClusterReport) => number): number =>
      Math.max(...parts.map(({ cluster }) => read(cluster)))
    return {
      moves,
      moves_per_second: most((cluster) => cluster.moves_per_second),
      moves_per_second_max: most((cluster) => cluster.moves_per_second_max),
    }
  }
  const all = parts.flatMap(({ cluster, byMs }) =>
    (cluster.moves_over_time ?? []).map(([at, count]): TimedCount => [at + byMs, count]),
  )
  // Seconds of different generators begin at different moments: those of the first are kept to.
  const firstMs = all.reduce((least, [at]) => Math.min(least, at), Number.POSITIVE_INFINITY)
  const seconds = new Map<number, number>()
  for (const [at, count] of all) {
    const second = Math.round((at - firstMs) / SECOND_MS)
    seconds.set(second, (seconds.get(second) ?? 0) + count)
  }
  const rows = [...seconds]
    .sort(([a], [b]) => a - b)
    .map(([second, count]): TimedCount => [firstMs + second * SECOND_MS, count])
  return {
    moves,
    moves_per_second: rows.length === 0 ? 0 : Math.round(moves / rows.length),
    moves_per_second_max: rows.reduce((most, [, count]) => Math.max(most, count), 0),
    moves_over_time: rows,
  }
}

function saysWhen({ cluster }: ClusterPart): boolean {
  return cluster.moves === 0 || cluster.moves_over_time !== undefined
}

function mergeEvents(parts: readonly ClusterPart[]): ClusterEventReport[] {
  return parts
    .flatMap(({ cluster, byMs }) =>
      (cluster.events ?? []).map((event) => ({ ...event, at_ms: event.at_ms + byMs })),
    )
    .sort((a, b) => a.at_ms - b.at_ms)
}
