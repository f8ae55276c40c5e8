/**
 * How long the coordinator waits for each thing, so that no run hangs: every wait of a run has its
 * limit here. Limits grow with connections and shards, because a hundred processes that share two
 * cores answer when their turn comes; a limit that is too short takes a slow shard for a dead one,
 * one that is too long costs only a run that hangs anyway.
 */

/** Failures in a row, with no success, after which a target is called unreachable. */
export const FAIL_FAST_COUNT = 20

/** Of what is still on its way when sending has ended; two cores, shared by both ends. */
const LAST_PER_SECOND_MIN = 50_000
const CLOSES_PER_SECOND_MIN = 4_000
/** As long as answers and messages of QoS 1 keep coming, however late. */
const STORED_EXTRA_MS = 60_000
/** Shards up to here have about a core each whenever they want something. */
const SHARDS_WITHOUT_QUEUE = 16

export interface RunLimits {
  /** A shard has to load its code and allocate its tables. */
  readonly readyMs: number
  /**
   * Beyond the planned time for connecting, and again for as long as connections come up: connect,
   * upgrade and HELLO have 10 s each.
   */
  readonly connectExtraMs: number
  /** Between the order to start and the first message: all shards must have the order by then. */
  readonly steadyLeadUs: number
  /** For the last answers to pushes. */
  readonly answersMs: number
  /** For the publisher's result: it reads its last answers before. */
  readonly publishedMs: number
  /** What is still on its way when sending ends counts if it comes within this. */
  readonly drainMs: number
  /**
   * On top of answersMs and drainMs, for as long as more comes within each of them. A stored push
   * is owed however late, by a store that others use too; one of QoS 0 has come soon or is gone.
   */
  readonly storedExtraMs: number
  readonly resultMs: number
  /** For a shard to say goodbye on all its connections and see them end. */
  readonly closeMs: number
  /** On top, for its word that it has. */
  readonly closedExtraMs: number
}

export function runLimits(connections: number, shards: number, qos: 0 | 1 = 0): RunLimits {
  const answersMs = 2_000 + seconds(connections / LAST_PER_SECOND_MIN) + shards * 50
  const perShard = Math.ceil(connections / shards)
  return {
    readyMs: 20_000 + shards * 500,
    connectExtraMs: 35_000 + shards * 500,
    steadyLeadUs: 50_000 + shards * 20_000,
    answersMs,
    publishedMs: answersMs + 2_000 + shards * 50,
    drainMs: 2_000 + seconds(connections / LAST_PER_SECOND_MIN) + shards * 50,
    storedExtraMs: qos === 1 ? STORED_EXTRA_MS : 0,
    resultMs: 10_000 + shards * 1_000,
    closeMs: 1_500 + seconds(perShard / CLOSES_PER_SECOND_MIN),
    closedExtraMs: 3_000 + shards * 100,
  }
}

/** How often things are looked at; 51 shards of a million connections have other things to do. */
export interface RunPeriods {
  /** Between two rows of the report, and two progress messages of a shard. */
  readonly intervalMs: number
  /** Between two samples of memory while connecting. */
  readonly memoryMs: number
  /** Between two looks at a drain that is not over. */
  readonly drainLookMs: number
}

export function runPeriods(shards: number): RunPeriods {
  const factor = Math.max(1, shards / SHARDS_WITHOUT_QUEUE)
  return {
    // Whole seconds: shards tell their progress when they look at their timers anyway.
    intervalMs: 1_000 * Math.round(factor),
    memoryMs: Math.round(250 * factor),
    drainLookMs: Math.round(50 * factor),
  }
}

function seconds(value: number): number {
  return Math.ceil(value * 1000)
}
