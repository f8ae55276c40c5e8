/** What all shards saw of the nodes of a cluster, as one table: a row a node. */
import type { ClusterNodeReport, ClusterReport } from '../../stats/cluster-report.ts'
import { LatencyPair } from '../latency-pair.ts'
import type { ShardResult } from '../shard-messages.ts'

/** Empty where the run had no dispatch. */
export function clusterReportOf(results: readonly ShardResult[]): { cluster?: ClusterReport } {
  const found = results.map(({ dispatch }) => dispatch).filter((one) => one !== undefined)
  if (found.length === 0) return {}
  const moves = movesOf(found.map(({ movesBySecond }) => movesBySecond))
  const moving = moves.filter((count) => count > 0)
  const total = sum(moves)
  const cluster = {
    nodes: nodesOf(found.flatMap(({ nodes }) => nodes)),
    devices_affected: affectedIn(results),
    devices_away_at_end: sum(found.map(({ away }) => away)),
    moves: total,
    moves_per_second: moving.length === 0 ? 0 : Math.round(total / moving.length),
    moves_per_second_max: Math.max(0, ...moves),
  }
  return { cluster }
}

type NodeCounts = NonNullable<ShardResult['dispatch']>['nodes'][number]

function nodesOf(all: readonly NodeCounts[]): ClusterNodeReport[] {
  const byName = new Map<string, ClusterNodeReport>()
  for (const one of all) {
    const before = byName.get(one.node)
    byName.set(one.node, {
      node: one.node,
      site: one.site,
      devices_at_start: (before?.devices_at_start ?? 0) + one.atStart,
      devices_at_end: (before?.devices_at_end ?? 0) + one.alive,
      welcomed: (before?.welcomed ?? 0) + one.welcomed,
      lost: (before?.lost ?? 0) + one.lost,
      moved: (before?.moved ?? 0) + one.moved,
      failed: (before?.failed ?? 0) + one.failed,
    })
  }
  return [...byName.values()].sort((a, b) => (a.node < b.node ? -1 : 1))
}

function movesOf(shards: readonly (readonly number[])[]): number[] {
  const seconds = Math.max(0, ...shards.map(({ length }) => length))
  return Array.from({ length: seconds }, (_, second) =>
    sum(shards.map((moves) => moves[second] ?? 0)),
  )
}

function affectedIn(results: readonly ShardResult[]): number {
  const all = new LatencyPair()
  for (const { metrics } of results) {
    const mine = metrics.find(({ name }) => name === 'unavailability')
    if (mine) all.response.mergeEncoded(mine.response)
  }
  return all.response.count
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
