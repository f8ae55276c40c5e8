/** What a report says of the nodes of a cluster that devices found by dispatch. */

/** What the devices of a run saw of one node of a cluster, in the measured time. */
export interface ClusterNodeReport {
  readonly node: string
  readonly site: string
  readonly devices_at_start: number
  readonly devices_at_end: number
  readonly welcomed: number
  /** Connections that ended other than by a move. */
  readonly lost: number
  /** Devices that it told to go elsewhere. */
  readonly moved: number
  /** Attempts to connect that failed. */
  readonly failed: number
  /** Devices at the end of each second in which that changed; the first: at the start. */
  readonly over_time?: readonly TimedCount[]
}

/** Milliseconds from the start of the run, and how many. */
export type TimedCount = readonly [at_ms: number, count: number]

/** What was done to the cluster, and when. */
export interface ClusterEventReport {
  /** From the start of the run. */
  readonly at_ms: number
  readonly what: string
  readonly node: string
  /** "" where it worked. */
  readonly failure: string
}

export interface ClusterReport {
  readonly nodes: readonly ClusterNodeReport[]
  /** Devices that were without service at all; metrics.unavailability has how long. */
  readonly devices_affected: number
  readonly devices_away_at_end: number
  readonly moves: number
  /** Over the seconds in which any device moved, and the busiest of them. */
  readonly moves_per_second: number
  readonly moves_per_second_max: number
  /** Each second in which any device moved, by when it began; missing: there were too many. */
  readonly moves_over_time?: readonly TimedCount[]
  readonly scenario?: string
  readonly events?: readonly ClusterEventReport[]
}
