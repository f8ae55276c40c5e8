/**
 * One host, looked at by doctor before the first connection, now and then during a run, and after
 * the last message. Findings are judged over the whole run, so a counter that moved at any time in
 * it shows. A look costs CPU on the very cores that are measured, so looks pause twenty times as
 * long as one took.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Facts } from '../../doctor/facts.ts'
import type { Finding } from '../../doctor/finding.ts'
import { runChecks } from '../../doctor/run-checks.ts'
import type { Target } from '../../doctor/target.ts'
import { movingCounters } from '../../doctor/watch/moving-counters.ts'
import type { HostFindingReport, HostFindingsReport, HostGauges } from '../../stats/run-report.ts'

const PAUSE_MS_MIN = 5_000
const PAUSE_LOOKS = 20
/** Each look walks over all sockets of the host: with more than these, only before and after. */
const WATCHED_CONNECTIONS_MAX = 200_000
/** What comes later than this is left out: a report must not wait for a host. */
export const LOOK_MS_MAX = 15_000

type Read = (signal: AbortSignal) => Promise<Facts>

/** One host, looked at again and again. */
export class HostLooks {
  readonly #host: string
  readonly #target: Target
  readonly #read: Read
  readonly #stop = new AbortController()
  readonly #peaks = new Map<string, number>()
  #first: Facts | null = null
  #firstAtMs = 0
  #last: Facts | null = null
  #lastAtMs = 0
  #readings = 0
  #failure: string | null = null
  #watching: Promise<void> = Promise.resolve()

  constructor(host: string, target: Target, read: Read) {
    this.#host = host
    this.#target = target
    this.#read = read
  }

  async start(): Promise<void> {
    await this.#look()
    if (this.#last === null || this.#target.connections > WATCHED_CONNECTIONS_MAX) return
    this.#watching = this.#watch()
  }

  async finish(): Promise<HostFindingsReport> {
    this.#stop.abort()
    await this.#watching
    if (this.#first !== null) await Promise.race([this.#look(), pause(LOOK_MS_MAX)])
    return this.#report()
  }

  async #watch(): Promise<void> {
    let tookMs = this.#lastAtMs - this.#firstAtMs
    while (!this.#stop.signal.aborted) {
      const pauseMs = Math.max(PAUSE_MS_MIN, tookMs * PAUSE_LOOKS)
      await pause(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => {})
      if (this.#stop.signal.aborted) return
      const fromMs = performance.now()
      await this.#look()
      tookMs = performance.now() - fromMs
    }
  }

  async #look(): Promise<void> {
    const fromMs = performance.now()
    try {
      const facts = await this.#read(AbortSignal.timeout(LOOK_MS_MAX))
      this.#readings++
      if (this.#first === null) {
        this.#first = facts
        this.#firstAtMs = fromMs
      }
      this.#last = facts
      this.#lastAtMs = performance.now()
      for (const [name, value] of Object.entries(gaugesOf(facts))) {
        if (value !== null) this.#peaks.set(name, Math.max(value, this.#peaks.get(name) ?? value))
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error)
    }
  }

  #report(): HostFindingsReport {
    const { role } = this.#target
    const first = this.#first
    const last = this.#last
    if (first === null || last === null) {
      const failure = this.#failure ?? 'not looked at'
      const nothing = { before: {}, peaks: {}, after: {}, findings: [] }
      return { host: this.#host, role, failure, window_ms: 0, readings: 0, ...nothing }
    }
    const windowMs = Math.max(1, this.#lastAtMs - this.#firstAtMs)
    const run: Facts = { ...last, before: first.before, windowMs }
    return {
      host: this.#host,
      role,
      failure: null,
      window_ms: Math.round(windowMs),
      readings: this.#readings,
      before: gaugesOf(first),
      peaks: Object.fromEntries(this.#peaks),
      after: gaugesOf(last),
      findings: runChecks(run, this.#target).flatMap(findingReport),
    }
  }
}

function findingReport(finding: Finding): HostFindingReport[] {
  const { id, subject, title, status, observed, needed, why, fix_now, fix_for_good } = finding
  if (status === 'ok') return []
  return [{ id, subject, title, status, observed, needed, why, fix_now, fix_for_good }]
}

/** The names of doctor's moving counters in the habit of reports, without the row per CPU. */
function gaugesOf(facts: Facts): HostGauges {
  const { cpus, ...counters } = movingCounters(facts)
  const busiest = (read: (cpu: (typeof cpus)[number]) => number): number | null =>
    cpus.length === 0 ? null : Math.round(Math.max(...cpus.map(read)) * 1000) / 10
  return {
    ...Object.fromEntries(
      Object.entries(counters).map(([name, value]) => [snakeCase(name), rounded(value)]),
    ),
    busiest_cpu_percent: busiest(({ busy }) => busy),
    busiest_softirq_percent: busiest(({ softirq }) => softirq),
  }
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
