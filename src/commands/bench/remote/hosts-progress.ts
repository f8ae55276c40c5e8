/**
 * How a run on several hosts stands: sums, the place and latency of the slowest host, and the worst
 * of what each doubts of itself. Percentiles of parts have no sum; the highest is true of one host
 * at least.
 */
import { joinedHost } from '../../../report/interval-merge.ts'
import type {
  FailureStanding,
  LatencyStanding,
  RunPhase,
  RunProgress,
  RunStanding,
  ThreadStanding,
} from '../../../stats/run-progress.ts'
import type { Verdict, VerdictReport } from '../../../stats/run-report.ts'

export interface HostProgress {
  readonly name: string
  readonly progress: RunProgress
}

export const PHASES: readonly RunPhase[] = ['start', 'connect', 'warm-up', 'steady', 'drain']
const VERDICTS: readonly Verdict[] = ['VALID', 'SUSPECT', 'INVALID']

/** @param messagesPerSecond what the step asks for, of all hosts */
export function joinProgress(
  hosts: readonly HostProgress[],
  messagesPerSecond: number,
): RunProgress {
  const parts = hosts.map(({ progress }) => progress)
  const first = parts.toSorted((a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase))[0]
  const sum = (read: (part: RunProgress) => number): number =>
    parts.reduce((total, part) => total + read(part), 0)
  const standing = joinStandings(hosts, messagesPerSecond)
  return {
    phase: first.phase,
    elapsedMs: first.elapsedMs,
    totalMs: first.totalMs,
    connections: sum(({ connections }) => connections),
    connectionsTarget: sum(({ connectionsTarget }) => connectionsTarget),
    sentPerSecond: sum(({ sentPerSecond }) => sentPerSecond),
    receivedPerSecond: sum(({ receivedPerSecond }) => receivedPerSecond),
    p50: highest(parts.map(({ p50 }) => p50)),
    p99: highest(parts.map(({ p99 }) => p99)),
    ...(standing === null ? {} : { verdict: standing.verdict.value, standing }),
  }
}

/** null where a host has said nothing of it. */
function joinStandings(
  hosts: readonly HostProgress[],
  messagesPerSecond: number,
): RunStanding | null {
  const named = hosts.flatMap(({ name, progress: { standing } }) =>
    standing === undefined ? [] : [{ name, standing }],
  )
  if (named.length === 0 || named.length < hosts.length) return null
  const standings = named.map(({ standing }) => standing)
  return {
    step: Math.max(...standings.map(({ step }) => step)),
    messagesPerSecond,
    isHeld: standings.some(({ isHeld }) => isHeld),
    latency: joinLatencies(standings.flatMap(({ latency }) => latency ?? [])),
    verdict: joinVerdicts(named.map(({ name, standing }) => ({ name, ...standing.verdict }))),
    late: standings.reduce((total, { late }) => total + late, 0),
    threads: joinThreads(standings.flatMap(({ threads }) => threads ?? [])),
    gcCount: standings.reduce((total, { gcCount }) => total + gcCount, 0),
    host: joinedHost(standings.map(({ host }) => host)),
    failures: joinFailures(standings.flatMap(({ failures }) => failures)),
  }
}

function joinLatencies(all: readonly LatencyStanding[]): LatencyStanding | null {
  if (all.length === 0) return null
  const most = (name: keyof LatencyStanding): number => Math.max(...all.map((each) => each[name]))
  return {
    p50: most('p50'),
    p90: most('p90'),
    p99: most('p99'),
    p99_9: most('p99_9'),
    max: most('max'),
  }
}

function joinVerdicts(all: readonly (VerdictReport & { readonly name: string })[]): VerdictReport {
  const worst = Math.max(...all.map(({ value }) => VERDICTS.indexOf(value)))
  const reasons = all.flatMap(({ name, reasons: own }) => own.map((reason) => `${name}: ${reason}`))
  return { value: VERDICTS[worst], reasons }
}

function joinThreads(all: readonly ThreadStanding[]): ThreadStanding | null {
  if (all.length === 0) return null
  const worst = (name: keyof ThreadStanding): number | null =>
    highest(all.map((each) => each[name]))
  return {
    cpuShare: worst('cpuShare'),
    waitShare: worst('waitShare'),
    loopLagUsP99: worst('loopLagUsP99'),
    gcPauseUsMax: worst('gcPauseUsMax'),
  }
}

function joinFailures(all: readonly FailureStanding[]): FailureStanding[] {
  const rows = new Map<string, FailureStanding>()
  for (const { phase, cause, count } of all) {
    const key = `${phase}\n${cause}`
    rows.set(key, { phase, cause, count: count + (rows.get(key)?.count ?? 0) })
  }
  return [...rows.values()].sort((a, b) => b.count - a.count)
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}
