/** How a run on several hosts stands: sums, and the place and latency of the slowest host. */
import type { RunPhase, RunProgress } from '../../../stats/run-progress.ts'

const PHASES: readonly RunPhase[] = ['start', 'connect', 'warm-up', 'steady', 'drain']

export function joinProgress(parts: readonly RunProgress[]): RunProgress {
  const first = parts.toSorted((a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase))[0]
  const sum = (read: (part: RunProgress) => number): number =>
    parts.reduce((total, part) => total + read(part), 0)
  return {
    phase: first.phase,
    elapsedMs: first.elapsedMs,
    totalMs: first.totalMs,
    connections: sum(({ connections }) => connections),
    connectionsTarget: sum(({ connectionsTarget }) => connectionsTarget),
    sentPerSecond: sum(({ sentPerSecond }) => sentPerSecond),
    receivedPerSecond: sum(({ receivedPerSecond }) => receivedPerSecond),
    // Percentiles of parts have no sum; the highest is true of one host at least.
    p50: highest(parts.map(({ p50 }) => p50)),
    p99: highest(parts.map(({ p99 }) => p99)),
  }
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}
