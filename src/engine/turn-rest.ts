/**
 * A busy engine looks at its sockets again a little later, with more of them ready: the way through
 * the event loop, and for a process that shares its core with others each wake-up with cold caches,
 * costs as much as several messages. It rests only where a turn is asked for right after the last
 * one, and never beyond its next alarm, so whoever is seldom spoken to answers as fast as ever.
 *
 *   turn │ ≤ gap │ rest │ turn with all that came │ … │ > gap │ turn at once
 *
 * Cost: what comes to a busy engine is seen up to `restUs` later than it might be. Epoll engine
 * only.
 */
import { availableParallelism } from 'node:os'
import { SHARED_CORES_PROCESSES_MIN } from '../stats/loop-lag-recorder.ts'

export interface TurnRest {
  readonly gapUs: number
  /** At most 1,000. */
  readonly restUs: number
}

/** A generator: 3.2 instead of 3.6 µs of CPU for a received message (bench/generator.js). */
const GENERATOR_REST: TurnRest = { gapUs: 50, restUs: 100 }
/** Of processes that share few cores: in a slice of a broadcast messages are 10 µs apart. */
const SHARED_CORES_REST: TurnRest = { gapUs: 200, restUs: 500 }

/** `shards`: threads or processes of this host that receive. */
export function generatorRest(shards: number, cores = availableParallelism()): TurnRest {
  return haveNoCoreEach(shards, cores) ? SHARED_CORES_REST : GENERATOR_REST
}

/** A node answers at once, unless its processes keep each other from it. */
export function nodeRest(processes: number, cores = availableParallelism()): TurnRest | undefined {
  return haveNoCoreEach(processes, cores) ? SHARED_CORES_REST : undefined
}

function haveNoCoreEach(shards: number, cores: number): boolean {
  return shards >= SHARED_CORES_PROCESSES_MIN && shards > cores
}
