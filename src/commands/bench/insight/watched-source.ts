/**
 * One source of what the target takes: a process of this host, or a page of metrics. Counts what
 * could not be read instead of failing; a counter that begins anew (the target was started again)
 * is joined to what it had before.
 */
import type { RunMoment } from '../../../loadgen/run-hooks.ts'
import type { GcSideReport } from '../../../stats/run-report.ts'
import type { TargetSourceReport } from '../../../stats/target-report.ts'
import { MetricsSource } from './metrics-source.ts'
import {
  bytesPerConnection,
  bytesPerHour,
  cpuCosts,
  cpuSpan,
  reportedPoints,
} from './process-costs.ts'
import { nameOfProcess, readProcess } from './process-source.ts'
import { WatchPoints } from './watch-points.ts'

interface Reading {
  readonly bytes: number | null
  readonly cpuUs: number | null
}

const FAILURE_CHARACTERS_MAX = 200

export class WatchedSource {
  readonly name: string
  readonly metrics: MetricsSource | null
  readonly points = new WatchPoints()
  /**
   * After a look we rest for so many times as long as it took. Reading /proc is all work; of an
   * answer over HTTP most is waiting.
   */
  readonly pauseLooks: number
  readonly #read: (atMs: number) => Promise<Reading>
  #failed = 0
  #failure: string | null = null
  #cpuUsLast: number | null = null
  #cpuUs = 0

  private constructor(
    name: string,
    metrics: MetricsSource | null,
    read: (atMs: number) => Promise<Reading>,
  ) {
    this.name = name
    this.metrics = metrics
    this.pauseLooks = metrics === null ? 20 : 3
    this.#read = read
  }

  /** `pidNow` may change: a node of our own is killed by a storm. */
  static ofProcess(pidNow: () => number | null): WatchedSource {
    const pid = pidNow() ?? 0
    const name = nameOfProcess(pid)
    return new WatchedSource(
      name === null ? `process ${pid}` : `process ${pid} (${name})`,
      null,
      async () => {
        const reading = readProcess(pidNow() ?? 0)
        if (reading === null) throw new Error('the process is gone')
        return reading
      },
    )
  }

  static ofMetrics(url: string): WatchedSource {
    const metrics = new MetricsSource(url)
    return new WatchedSource(url, metrics, (atMs) => metrics.read(atMs))
  }

  /** Never fails. */
  async look(moment: RunMoment, generatorBytes: number): Promise<void> {
    try {
      const { bytes, cpuUs } = await this.#read(moment.atMs)
      this.points.add({ ...moment, bytes, cpuUs: this.#sinceFirst(cpuUs), generatorBytes })
    } catch (error) {
      this.#failed += 1
      this.#failure = (error instanceof Error ? error.message : String(error)).slice(
        0,
        FAILURE_CHARACTERS_MAX,
      )
    }
  }

  report(): TargetSourceReport {
    const { points } = this.points
    const told = points.map(({ bytes }) => bytes).filter((bytes) => bytes !== null)
    const cpu = cpuCosts(points)
    return {
      name: this.name,
      runtime: this.metrics?.runtime ?? null,
      readings: this.points.count,
      failed: this.#failed,
      failure: this.#failure,
      memory_of: this.metrics?.memoryOf ?? 'resident',
      memory_bytes:
        told.length === 0
          ? null
          : { first: told[0], highest: Math.max(...told), last: told.at(-1) as number },
      cpu_percent: cpuSpan(points),
      bytes_per_connection: bytesPerConnection(points),
      cpu_us_per_message: cpu.perMessage,
      cpu_us_per_connect: cpu.perConnect,
      cpu_us_per_connection_second: cpu.perConnectionSecond,
      bytes_per_hour: bytesPerHour(points, ({ bytes }) => bytes),
      points: reportedPoints(points),
    }
  }

  pauses(): GcSideReport | null {
    return this.metrics?.pauses.report() ?? null
  }

  #sinceFirst(cpuUs: number | null): number | null {
    if (cpuUs === null || !Number.isFinite(cpuUs)) return null
    const last = this.#cpuUsLast
    this.#cpuUsLast = cpuUs
    if (last === null) return this.#cpuUs
    this.#cpuUs += cpuUs >= last ? cpuUs - last : cpuUs
    return this.#cpuUs
  }
}
