/**
 * How long the coordinator waits for each thing, so that no run hangs: every wait of a run has its
 * limit here.
 */

/** A shard has to load its code and allocate its tables. */
export const READY_LIMIT_MS = 20_000
/** Beyond the planned time for connecting: connect, upgrade and HELLO have 10 s each. */
export const CONNECT_EXTRA_MS = 35_000
/** Failures in a row, with no success, after which a target is called unreachable. */
export const FAIL_FAST_COUNT = 20
/** Between the order to start and the first message: all shards must have the order by then. */
export const STEADY_LEAD_US = 50_000
/** The publisher reads its last answers for 2 s. */
export const PUBLISHED_LIMIT_MS = 4_000
/** What is still on its way when sending ends counts if it comes within this. */
export const DRAIN_LIMIT_MS = 2_000
/** Between two looks at a drain that is not over. */
export const DRAIN_LOOK_MS = 50
export const RESULT_LIMIT_MS = 10_000
export const CLOSED_LIMIT_MS = 4_000
/** Between two samples of memory while connecting. */
export const MEMORY_SAMPLE_MS = 250
export const INTERVAL_MS = 1_000
