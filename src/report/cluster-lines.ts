/** What a run saw of the nodes of a cluster: one line a node, then who was without service. */
import { formatCount, formatDurationMs, formatRate } from '../config/quantities.ts'
import type { ClusterNodeReport, ClusterReport } from '../stats/cluster-report.ts'
import type { RunReport } from '../stats/run-report.ts'
import { type Alignment, plainText, tableLines } from './table.ts'

/** Of the table of nodes. */
export const CLUSTER_HEAD = [
  'node',
  'site',
  'devices',
  'at end',
  'came',
  'lost',
  'moved',
  'refused',
]
const ALIGNMENTS = CLUSTER_HEAD.map((_, column): Alignment => (column < 2 ? 'left' : 'right'))

/** Empty where the devices did not find their nodes by dispatch. */
export function clusterLines({ cluster }: RunReport): string[] {
  if (cluster === undefined) return []
  return [
    ...tableLines([CLUSTER_HEAD, ...cluster.nodes.map(clusterNodeCells)], ALIGNMENTS),
    outageLine(cluster),
    ...clusterEventLines(cluster),
  ]
}

/** What was done to the cluster. */
export function clusterEventLines({ events = [] }: ClusterReport): string[] {
  return events.map(({ at_ms, what, node, failure }) => {
    const outcome = failure === '' ? '' : `: ${plainText(failure)}`
    const at = formatDurationMs(Math.round(at_ms / 100) * 100)
    return `at ${at}  ${plainText(what)} ${plainText(node)}${outcome}`
  })
}

/** A cell for each of CLUSTER_HEAD. */
export function clusterNodeCells(row: ClusterNodeReport): string[] {
  const counts = [
    row.devices_at_start,
    row.devices_at_end,
    row.welcomed,
    row.lost,
    row.moved,
    row.failed,
  ]
  return [plainText(row.node), plainText(row.site), ...counts.map(formatCount)]
}

/** Who was without service, and who moved. */
export function outageLine(cluster: ClusterReport): string {
  const affected = `${formatCount(cluster.devices_affected)} devices were without service`
  const away = `${formatCount(cluster.devices_away_at_end)} at the end`
  if (cluster.moves === 0) return `${affected}, ${away}; none was moved`
  const { moves, moves_per_second: mean, moves_per_second_max: most } = cluster
  const rate = `${formatRate(mean)}, ${formatRate(most)} at most`
  return `${affected}, ${away}; ${formatCount(moves)} moved at ${rate}`
}
