/** Pauses that a program tells of itself: garbage collection and a loop that lags. */

import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { type MetricsPage, metricsPages } from '../../runtimes/read-runtime.ts'
import type { RuntimeReading } from '../../runtimes/runtime-reading.ts'

/** From here on people notice, and heartbeats of a short interval begin to miss. */
const PAUSE_SECONDS = { warn: 0.1, critical: 1 } as const
/** Share of the window: a tenth spent in collection is a heap that is too small or churns. */
const COLLECTING_SHARE = { warn: 0.1, critical: 0.3 } as const

export const processPauses: Check = {
  id: 'process/pauses',
  title: 'Pauses of the runtime',
  family: 'process',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'the program’s own metrics: prom-client, JVM and Go client libraries, pushctl',
  why:
    'While a runtime collects or its event loop is busy, no socket is read and no heartbeat is ' +
    'answered: the pause is in the tail of every latency, and beyond some seconds devices leave.',
  explain: `Judged only with --metrics URL, from the names that the usual client libraries give: the
longest pause of a collection, the share of the window spent in collections, and the lag of the
event loop (its p99, where the runtime says so).

A pause or a lag of 0.1 s is a warning, 1 s critical; a tenth of the time in collections is a
warning, three tenths critical. Longest pauses go back as far as the runtime remembers, which may be
its whole life: restart, or look at the rates, before drawing conclusions from one old pause.

What helps depends on the runtime. Node: fewer objects per connection, --max-semi-space-size for
programs that allocate much and keep little, more processes with smaller heaps. JVM: a collector
that runs beside the program (ZGC, Shenandoah), and a heap that does not swap. Go: GOGC and
GOMEMLIMIT. A lag without collections is work on the loop: move it to a thread.`,
  evaluate: (facts) => metricsPages(facts).flatMap((page) => judgePage(facts, page)),
}

function judgePage(facts: Facts, { url, runtimes }: MetricsPage): Finding[] {
  if (!runtimes.known) return [unknownFinding(processPauses, runtimes, url)]
  return runtimes.value.map((reading) => judge(facts, url, reading))
}

function judge(facts: Facts, url: string, reading: RuntimeReading): Finding {
  const longest = largest(reading.collections.map(({ longestSeconds }) => longestSeconds))
  const lag = reading.loopLag?.p99Seconds ?? reading.loopLag?.longestSeconds ?? null
  const shares = reading.collections.map(({ timeShare }) => timeShare)
  const share = shares.every((value) => value === null) ? null : sum(shares)
  const seen = [
    ...(longest === null ? [] : [`longest collection ${milliseconds(longest)}`]),
    ...(share === null ? [] : [`${(share * 100).toFixed(1)} % of the time in collections`]),
    ...(lag === null ? [] : [`loop lag ${milliseconds(lag)}`]),
  ]
  const subject = `${reading.runtime} at ${url}`
  if (seen.length === 0) {
    const reason = 'its metrics name no pause'
    return unknownFinding(processPauses, { known: false, reason, source: url }, subject)
  }
  const status = worst([
    levelOf(longest, PAUSE_SECONDS),
    levelOf(lag, PAUSE_SECONDS),
    levelOf(share, COLLECTING_SHARE),
  ])
  return findingOf(processPauses, {
    subject,
    status,
    observed: seen.join(', '),
    needed: status === 'ok' ? '' : 'pauses below 100 ms, less than 10 % of the time',
    evidence: [
      `${url}: ${seen.join(', ')}${facts.sampling === 'single' ? ' (one reading: no rates)' : ''}`,
    ],
    ...(status === 'ok' ? {} : { fixNow: 'pushctl doctor --explain process/pauses' }),
  })
}

function levelOf(value: number | null, limits: { warn: number; critical: number }): Status {
  if (value === null || value < limits.warn) return 'ok'
  return value < limits.critical ? 'warn' : 'critical'
}

function worst(statuses: readonly Status[]): Status {
  if (statuses.includes('critical')) return 'critical'
  return statuses.includes('warn') ? 'warn' : 'ok'
}

function largest(values: readonly (number | null)[]): number | null {
  const knownValues = values.filter((value) => value !== null)
  return knownValues.length === 0 ? null : Math.max(...knownValues)
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0)
}

function milliseconds(seconds: number): string {
  const ms = seconds * 1000
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`
}
