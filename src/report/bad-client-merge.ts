/**
 * Bad clients of several reports as one, kind by kind: what each host counted is added up, an end
 * with the same cause is the same row, and nothing is averaged.
 */
import type {
  BadClientEndReport,
  BadClientReport,
  BadClientsReport,
  RunReport,
} from '../stats/run-report.ts'
import { mergeEndTimes } from '../stats/end-times.ts'
import { sumOf } from './row-sums.ts'

/** {} where all clients of all reports behaved. */
export function mergeBadClients(reports: readonly RunReport[]): Pick<RunReport, 'bad_clients'> {
  const parts = reports
    .map(({ bad_clients }) => bad_clients)
    .filter((part): part is BadClientsReport => part !== undefined)
  if (parts.length === 0) return {}
  const rows = parts.flatMap(({ kinds }) => kinds)
  const names = new Set(rows.map(({ kind }) => kind))
  const kinds = [...names].map((kind) => mergeKind(rows.filter((row) => row.kind === kind)))
  return {
    bad_clients: {
      pushed: sumOf(parts, ({ pushed }) => pushed),
      kinds,
      ...mergeEndedByNode(parts),
    },
  }
}

/** All asked the same node: of each name the most that any of them heard. */
function mergeEndedByNode(
  parts: readonly BadClientsReport[],
): Pick<BadClientsReport, 'ended_by_node'> {
  const told = parts.map(({ ended_by_node }) => ended_by_node).filter((one) => one !== undefined)
  if (told.length === 0) return {}
  const names = [...new Set(told.flatMap((counts) => Object.keys(counts)))]
  const most = (name: string): number => Math.max(...told.map((counts) => counts[name] ?? 0))
  return { ended_by_node: Object.fromEntries(names.map((name) => [name, most(name)])) }
}

function mergeKind(rows: readonly BadClientReport[]): BadClientReport {
  const comings = rows.some(({ dropped }) => dropped !== undefined)
    ? {
        dropped: sumOf(rows, ({ dropped = 0 }) => dropped),
        came_back: sumOf(rows, ({ came_back = 0 }) => came_back),
      }
    : {}
  return {
    kind: rows[0].kind,
    wanted: sumOf(rows, ({ wanted }) => wanted),
    connected: sumOf(rows, ({ connected }) => connected),
    failed: sumOf(rows, ({ failed }) => failed),
    cut: sumOf(rows, ({ cut }) => cut),
    alive_at_end: sumOf(rows, ({ alive_at_end }) => alive_at_end),
    received: sumOf(rows, ({ received }) => received),
    ...comings,
    ends: mergeEnds(rows.flatMap(({ ends }) => ends)),
  }
}

function mergeEnds(ends: readonly BadClientEndReport[]): BadClientEndReport[] {
  const causes = new Set(ends.map(({ cause }) => cause))
  return [...causes]
    .map((cause) => {
      const parts = ends.filter((end) => end.cause === cause)
      const after_ms = mergeEndTimes(parts.map((part) => part.after_ms))
      return { cause, count: sumOf(parts, ({ count }) => count), after_ms }
    })
    .sort((one, other) => other.count - one.count)
}
