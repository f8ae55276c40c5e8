/**
 * How the devices of a run find their nodes: through GET /v1/dispatch, as devices in the field do.
 * Plain data that travels to the shards.
 */
export interface DispatchSetup {
  /** HTTP APIs that are asked, the next one where one does not answer. */
  readonly urls: readonly string[]
  /** Where the devices say that they are; "": nowhere. */
  readonly site: string
  readonly carrier: 'tcp' | 'ws'
  /** Whether a device races probes to the first nodes of its set before it connects. */
  readonly races: boolean
}

/** Nodes of a set that are probed and kept. */
export const SET_NODES_MAX = 4

/** One node of a set. */
export interface DispatchedNode {
  readonly name: string
  readonly site: string
  /** "host:port" or a ws URL, by carrier. */
  readonly address: string
  readonly probe: string
}
