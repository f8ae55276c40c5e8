/**
 * Memory, CPU and pauses of a target from its own Prometheus page, by the names that the clients of
 * Node, Go, JVM and pushctl give them. The page is a stranger's: bounded in time, bytes, series and
 * kinds of pauses; what does not parse is a failed reading, never a failed run.
 */
import { fetchMetrics } from '../../../doctor/facts-reader/fetch-metrics.ts'
import { type MetricTable, parsePrometheusText } from '../../../doctor/parsers/prometheus-text.ts'
import { readRuntimes } from '../../../doctor/runtimes/read-runtime.ts'
import { largestOf, sumOf } from '../../../doctor/runtimes/runtime-reading.ts'
import { PauseWindows } from './pause-windows.ts'

/** A page that is read every second; a longer one costs the generator's host too much. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024

const RESIDENT = [
  'pushctl_memory_resident_bytes',
  'process_resident_memory_bytes',
  'process_working_set_bytes',
] as const
const HEAP = ['jvm_memory_used_bytes', 'jvm_memory_bytes_used'] as const
const CPU = [
  { name: 'process_cpu_seconds_total', us: 1e6 },
  { name: 'process_cpu_time_ns_total', us: 1e-3 },
] as const
/** Of a node of pushctl; with several shards in one process each would say the same. */
const SHARD_CPU = 'pushctl_shard_cpu_seconds_total'

export interface MetricsReading {
  readonly bytes: number | null
  readonly cpuUs: number | null
}

export class MetricsSource {
  readonly pauses = new PauseWindows()
  runtime: string | null = null
  memoryOf: 'resident' | 'heap' = 'resident'
  readonly #url: string
  #before: MetricTable | null = null
  #beforeMs = 0

  constructor(url: string) {
    this.#url = url
  }

  /** @throws Error that says why nothing could be read */
  async read(atMs: number): Promise<MetricsReading> {
    const page = await fetchMetrics(this.#url, PAGE_BYTES_MAX)
    if (!page.known) throw new Error(page.reason)
    const after = parsePrometheusText(page.value)
    if (after === null) throw new Error('is no page of Prometheus metrics')
    const windowMs = Math.max(1, atMs - this.#beforeMs)
    const readings = readRuntimes({ before: this.#before, after, windowMs })
    const speaking = readings.find(({ collections }) => collections.length > 0) ?? readings[0]
    this.runtime = speaking?.runtime ?? null
    if (this.#before !== null && speaking !== undefined) {
      this.pauses.add(this.#beforeMs, windowMs, speaking.collections)
    }
    this.#before = after
    this.#beforeMs = atMs
    return { bytes: this.#memoryIn(after), cpuUs: cpuIn(after) }
  }

  #memoryIn(table: MetricTable): number | null {
    const resident = firstOf(RESIDENT.map((name) => sumOf(table, name)))
    if (resident !== null) {
      this.memoryOf = 'resident'
      return resident
    }
    this.memoryOf = 'heap'
    return firstOf(HEAP.map((name) => sumOf(table, name)))
  }
}

function cpuIn(table: MetricTable): number | null {
  const told = firstOf(
    CPU.map(({ name, us }) => {
      const value = sumOf(table, name)
      return value === null ? null : value * us
    }),
  )
  if (told !== null) return told
  const shards = table.get(SHARD_CPU) ?? []
  return shards.length === 1 ? (largestOf(table, SHARD_CPU) ?? 0) * 1e6 : null
}

function firstOf(values: readonly (number | null)[]): number | null {
  return values.find((value) => value !== null) ?? null
}
