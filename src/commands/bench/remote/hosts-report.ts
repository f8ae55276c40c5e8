/**
 * The reports of all hosts as one. Each is put on the head's clock first, because the wall clocks
 * of hosts may differ by more than a run takes; what only all hosts together can say (when all
 * devices had a broadcast) is counted from what each of them saw; and who is missing is part of the
 * verdict, because the load was not all that was asked for.
 */
import type { BroadcastRows } from '../../../loadgen/delivery-count.ts'
import { joinBroadcasts, timeBroadcasts } from '../../../loadgen/delivery-count.ts'
import { rowsFrom } from '../../../loadgen/remote/broadcast-evidence.ts'
import type { ResultMessage } from '../../../loadgen/remote/control-messages.ts'
import type { HostGroup } from '../../../loadgen/remote/host-group.ts'
import type { HostState } from '../../../loadgen/remote/host-state.ts'
import { mergeReports, type NamedReport } from '../../../report/report-merge.ts'
import { parseRunReport } from '../../../report/run-report-file.ts'
import { nowUs } from '../../../stats/clock.ts'
import type { GeneratorReport } from '../../../stats/generator-report.ts'
import type { FailureReport, MetricReport, RunReport, Verdict } from '../../../stats/run-report.ts'

/** What a host found: in a step, or at its end. */
export type HostFound = Omit<ResultMessage, 'type'>

export interface HostsRun {
  /** Asked for. */
  readonly connections: number
  /** null: the host has nothing to say. */
  found(state: HostState): HostFound | null
  note(line: string): void
}

interface HostReport extends NamedReport {
  readonly state: HostState
  readonly found: HostFound
}

/** @throws PushctlError for a report that is none, or does not fit the others */
export function hostsReport(group: HostGroup, run: HostsRun): RunReport {
  const told = group.living.map((state) => reportOf(group, state, run.found(state)))
  const parts = withTargetShares(told.filter((part) => part !== null))
  const { report, leftOut } = mergeReports(parts, true)
  const asked = parts.find((part) => part.report.gc.target.known)
  const broadcasts = broadcastMetrics(parts)
  if (broadcasts === null) for (const line of leftOut) run.note(`left out: ${line}`)
  const generators = group.states.map((state) =>
    generatorOf(group, state, parts.find((part) => part.state === state) ?? null),
  )
  const plan = { ...report.plan, headline: `${parts.length} hosts, ${headlineOf(report)}` }
  return {
    ...report,
    connections: withLost(report, group, run),
    metrics: { ...report.metrics, ...broadcasts },
    // All hosts have asked the one target of its pauses: they are not those of several.
    gc: { ...report.gc, target: (asked ?? parts[0]).report.gc.target },
    verdict: verdictOf(report, generators),
    plan,
    generators,
  }
}

function reportOf(group: HostGroup, state: HostState, found: HostFound | null): HostReport | null {
  const { name } = state
  if (found === null) return null
  const report = parseRunReport(found.report, name)
  const offsetUs = group.offsetOf(state)?.offsetUs ?? 0
  const startedAtMs = Date.now() + (found.startedUs - offsetUs - nowUs()) / 1000
  const hosts = report.hosts.map((host) =>
    host.host === 'this host' ? { ...host, host: name } : host,
  )
  const started_at = new Date(startedAtMs).toISOString()
  return { name, state, found, report: { ...report, started_at, hosts } }
}

/**
 * Each host has seen the target grow by the connections of all, and held it against its own: what
 * it says of one connection is too much by so many times.
 */
function withTargetShares(parts: readonly HostReport[]): readonly HostReport[] {
  const all = parts.reduce((sum, { report }) => sum + report.connections.established, 0)
  return parts.map((part) => {
    const { report } = part
    const { target_bytes_per_connection: bytes } = report.memory
    if (bytes === null) return part
    const own = (bytes * report.connections.established) / Math.max(1, all)
    const memory = { ...report.memory, target_bytes_per_connection: Math.round(own) }
    return { ...part, report: { ...report, memory } }
  })
}

/** null where there were none, or a host could not tell of all. */
function broadcastMetrics(
  parts: readonly HostReport[],
): Pick<RunReport['metrics'], 'broadcast_first' | 'broadcast_all'> | null {
  const rows: BroadcastRows[] = []
  for (const { found } of parts) {
    const own = found.broadcasts === null ? null : rowsFrom(found.broadcasts)
    if (own === null) return null
    rows.push(own)
  }
  const { first, all } = timeBroadcasts(joinBroadcasts(rows))
  const metrics: Partial<Record<'broadcast_first' | 'broadcast_all', MetricReport>> = {}
  if (first.response.count > 0) metrics.broadcast_first = first.report()
  if (all.response.count > 0) metrics.broadcast_all = all.report()
  return metrics
}

/** What a lost host had is gone, whatever it last said of itself. */
function withLost(
  { connections }: RunReport,
  group: HostGroup,
  run: HostsRun,
): RunReport['connections'] {
  const rows: FailureReport[] = []
  for (const { name, lost, connections: count } of group.states) {
    if (lost === null || count === 0) continue
    rows.push({ phase: 'host', cause: `${name} was lost`, count, first_ms: 0, sample: lost })
  }
  const gone = rows.reduce((sum, { count }) => sum + count, 0)
  return {
    ...connections,
    requested: run.connections,
    attempted: connections.attempted + gone,
    failed: connections.failed + gone,
    failures: [...rows, ...connections.failures],
  }
}

function generatorOf(group: HostGroup, state: HostState, part: HostReport | null): GeneratorReport {
  const { name, hello, setup, lost } = state
  const report = part?.report ?? null
  const error = group.offsetOf(state)?.errorUs ?? null
  return {
    host: name,
    hostname: hello?.name ?? null,
    failure: lost,
    sends_broadcasts: setup?.part.sendsBroadcasts ?? false,
    connections: {
      requested: state.connections,
      established: report?.connections.established ?? 0,
      alive_at_end: report?.connections.alive_at_end ?? 0,
    },
    sent: report?.messages.sent ?? 0,
    received: report?.messages.received ?? 0,
    lost: report?.messages.lost ?? 0,
    p99_us: report === null ? null : mainP99(report),
    verdict: report?.verdict.value ?? null,
    clock_error_us: error === null ? null : Math.round(error),
    latencies_refused: part?.found.refused ?? 0,
  }
}

function mainP99({ metrics }: RunReport): number | null {
  const metric = metrics.push_latency ?? metrics.echo_latency ?? metrics.heartbeat_rtt
  return metric?.response.p99 ?? null
}

function verdictOf(
  { verdict }: RunReport,
  generators: readonly GeneratorReport[],
): RunReport['verdict'] {
  const missing = generators.filter(({ failure }) => failure !== null)
  if (missing.length === 0) return verdict
  const value: Verdict = verdict.value === 'INVALID' ? 'INVALID' : 'SUSPECT'
  const reasons = missing.map(({ host, failure, connections }) =>
    connections.requested === 0
      ? `${host} took no part: ${failure}`
      : `${host} was lost with its ${connections.requested} connections, which count as failed: ` +
        `${failure}`,
  )
  return { value, reasons: [...reasons, ...verdict.reasons] }
}

function headlineOf({ plan }: RunReport): string {
  const parts = plan['merged'] as readonly { plan: { headline?: unknown } }[] | undefined
  const headline = parts?.[0]?.plan.headline
  return typeof headline === 'string' ? `the first: ${headline}` : 'plans in report.json'
}
