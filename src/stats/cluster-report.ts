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
}

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
  readonly scenario?: string
  readonly events?: readonly ClusterEventReport[]
}
