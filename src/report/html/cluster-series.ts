/**
 * What the plots of a cluster are drawn from: devices of each node over time, moves, what was done,
 * and how long devices were without service. Bounded, whatever the cluster was.
 */
import { bucketsOfText, coarseBucketUs, coarseText } from '../../stats/coarse-buckets.ts'
import type { ClusterNodeReport, ClusterReport, TimedCount } from '../../stats/cluster-report.ts'
import { LatencyRecorder } from '../../stats/latency-recorder.ts'
import type { RunReport } from '../../stats/run-report.ts'

/** More lines could not be told apart. */
const NODES_MAX = 8
const ROWS_MAX = 1_800

export interface ClusterSeries {
  /** Seconds from the start of the run at which the devices of any node shown changed. */
  readonly seconds: readonly number[]
  /** Those whose devices changed most; each value holds until the next. */
  readonly nodes: readonly { readonly name: string; readonly devices: readonly number[] }[]
  /** Nodes that are not shown. */
  readonly more: number
  readonly moves: readonly TimedCount[]
  readonly events: readonly { readonly seconds: number; readonly text: string }[]
  readonly absence: AbsenceHistogram | null
}

/** Devices by how long they were without service. */
export interface AbsenceHistogram {
  /** Lower ends in µs, and the upper end of the last. */
  readonly edgesUs: readonly number[]
  readonly counts: readonly number[]
}

/** null where the devices did not find their nodes by dispatch. */
export function clusterSeries({ cluster, metrics }: RunReport): ClusterSeries | null {
  if (cluster === undefined) return null
  const traced = cluster.nodes.filter(({ over_time = [] }) => over_time.length > 0)
  const shown = traced
    .toSorted((a, b) => rangeOf(b) - rangeOf(a))
    .slice(0, NODES_MAX)
    .toSorted((a, b) => (a.node < b.node ? -1 : 1))
  const times = timesOf(shown)
  return {
    seconds: times.map((at) => at / 1000),
    nodes: shown.map(({ node, over_time = [] }) => ({
      name: node,
      devices: valuesAt(over_time, times),
    })),
    more: traced.length - shown.length,
    moves: movesOf(cluster),
    events: (cluster.events ?? []).map(({ at_ms, what, node }) => ({
      seconds: at_ms / 1000,
      text: `${what} ${node}`,
    })),
    absence: absenceOf(metrics.unavailability?.response.hdr),
  }
}

function rangeOf({ over_time = [] }: ClusterNodeReport): number {
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (const [, devices] of over_time) {
    least = Math.min(least, devices)
    most = Math.max(most, devices)
  }
  return most - least
}

function timesOf(nodes: readonly ClusterNodeReport[]): number[] {
  const times = new Set(nodes.flatMap(({ over_time = [] }) => over_time.map(([at]) => at)))
  const sorted = [...times].sort((a, b) => a - b)
  const step = Math.ceil(sorted.length / ROWS_MAX)
  return sorted.filter((_, index) => index % step === 0 || index === sorted.length - 1)
}

/** Both in order of time. */
function valuesAt(trace: readonly TimedCount[], times: readonly number[]): number[] {
  let next = 0
  return times.map((at) => {
    while (next < trace.length && trace[next][0] <= at) next += 1
    return trace[Math.max(0, next - 1)][1]
  })
}

/** In milliseconds, as they are in the report; joined where there are many. */
function movesOf({ moves_over_time: all = [] }: ClusterReport): TimedCount[] {
  const step = Math.max(1, Math.ceil(all.length / ROWS_MAX))
  if (step === 1) return [...all]
  return all.flatMap(([at], index) => {
    if (index % step !== 0) return []
    const group = all.slice(index, index + step)
    return [[at, group.reduce((most, [, count]) => Math.max(most, count), 0)] as const]
  })
}

function absenceOf(hdr: string | undefined): AbsenceHistogram | null {
  const text = hdr === undefined ? null : coarseText(LatencyRecorder.fromBase64(hdr))
  const buckets = text === null ? null : bucketsOfText(text)
  if (buckets === null) return null
  const { first, counts } = buckets
  const edges = Array.from({ length: counts.length + 1 }, (_, at) => coarseBucketUs(first + at))
  return { edgesUs: edges.map(Math.round), counts }
}
