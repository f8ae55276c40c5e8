/** What a run saw of the nodes of a cluster: one line a node, then who was without service. */
import { formatCount, formatDurationMs, formatRate } from '../config/quantities.ts'
import type { ClusterNodeReport, ClusterReport } from '../stats/cluster-report.ts'
import type { RunReport } from '../stats/run-report.ts'
import { type Alignment, plainText, tableLines } from './table.ts'

const HEAD = ['node', 'site', 'devices', 'at end', 'came', 'lost', 'moved', 'refused']
const ALIGNMENTS = HEAD.map((_, column): Alignment => (column < 2 ? 'left' : 'right'))

/** Empty where the devices did not find their nodes by dispatch. */
export function clusterLines({ cluster }: RunReport): string[] {
  if (cluster === undefined) return []
  return [
    ...tableLines([HEAD, ...cluster.nodes.map(nodeRow)], ALIGNMENTS),
    outageLine(cluster),
    ...(cluster.events ?? []).map(({ at_ms, what, node, failure }) => {
      const outcome = failure === '' ? '' : `: ${plainText(failure)}`
      const at = formatDurationMs(Math.round(at_ms / 100) * 100)
      return `at ${at}  ${what} ${plainText(node)}${outcome}`
    }),
  ]
}

function nodeRow(row: ClusterNodeReport): string[] {
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

function outageLine(cluster: ClusterReport): string {
  const affected = `${formatCount(cluster.devices_affected)} devices were without service`
  const away = `${formatCount(cluster.devices_away_at_end)} at the end`
  if (cluster.moves === 0) return `${affected}, ${away}; none was moved`
  const { moves, moves_per_second: mean, moves_per_second_max: most } = cluster
  const rate = `${formatRate(mean)}, ${formatRate(most)} at most`
  return `${affected}, ${away}; ${formatCount(moves)} moved at ${rate}`
}
