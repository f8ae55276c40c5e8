/**
 * The part of a run report that is of the target's own process: plain values, by the same rules as
 * run-report.ts.
 */

/** With the half width of its 95 % interval. */
export interface EstimateReport {
  readonly value: number
  readonly error: number
}

/** The target's own process, from --target-pid, --target-metrics, or a node of our own. */
export interface TargetSourceReport {
  /** "process 4242 (nginx)", or the address of its metrics. */
  readonly name: string
  /** What the metrics are of: Node, JVM, Go, pushctl; null: they do not say. */
  readonly runtime: string | null
  readonly readings: number
  /** Readings that failed, and why the last of them did. */
  readonly failed: number
  readonly failure: string | null
  readonly memory_of: 'resident' | 'heap'
  readonly memory_bytes: MemorySpanReport | null
  /** Per cent of one core: before the first connection, on average, and in the busiest second. */
  readonly cpu_percent: CpuSpanReport | null
  /** Slopes; null: too little was seen to tell. */
  readonly bytes_per_connection: EstimateReport | null
  readonly cpu_us_per_message: EstimateReport | null
  readonly cpu_us_per_connect: EstimateReport | null
  /** Where there were no messages: what holding a connection takes, heartbeats included. */
  readonly cpu_us_per_connection_second: EstimateReport | null
  readonly bytes_per_hour: EstimateReport | null
  readonly points: readonly TargetPoint[]
}

export interface MemorySpanReport {
  readonly first: number
  readonly highest: number
  readonly last: number
}

export interface CpuSpanReport {
  readonly idle: number | null
  readonly mean: number
  readonly highest: number
}

/** `cpu_percent` since the point before. */
export type TargetPoint = readonly [
  at_ms: number,
  connections: number,
  bytes: number | null,
  cpu_percent: number | null,
]
