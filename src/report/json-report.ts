/**
 * report.json: the run report as it is, in the order of its interface whatever order it was built
 * in, so that two files can be compared line by line. Numbers that are not finite would become null
 * in JSON, which means unknown: they are a bug and refused.
 */
import type { RunReport } from '../stats/run-report.ts'

/** Typed so that a new part of the report does not compile until it has a place here. */
const PLACES: Readonly<Record<keyof RunReport, number>> = {
  schema: 0,
  started_at: 1,
  duration_ms: 2,
  interrupted: 3,
  partial: 4,
  mode: 5,
  targets: 6,
  engine: 7,
  verdict: 8,
  connections: 9,
  messages: 10,
  metrics: 11,
  cluster: 12,
  bad_clients: 13,
  stages: 14,
  search: 15,
  steered: 16,
  gc: 17,
  host: 18,
  hosts: 19,
  memory: 20,
  target: 21,
  generators: 22,
  thresholds: 23,
  environment: 24,
  plan: 25,
  intervals: 26,
}

/** Two spaces of indentation, one line feed at the end. @throws RangeError for NaN or infinity */
export function jsonReport(report: RunReport): string {
  const ordered = Object.fromEntries(
    Object.entries(report).sort(([a], [b]) => placeOf(a) - placeOf(b)),
  )
  return `${JSON.stringify(ordered, refuseNonFinite, 2)}\n`
}

function placeOf(key: string): number {
  return PLACES[key as keyof RunReport] ?? Number.MAX_SAFE_INTEGER
}

function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new RangeError(`expected a finite number or null in "${key}" of the report, got ${value}`)
  }
  return value
}
