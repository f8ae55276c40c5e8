/**
 * What our own processes take, measured and not guessed (docs/measurements.md#memory-of-a-process-
 * shard): private memory, because pages of code are shared by all processes of one binary.
 */
export interface ProcessMemory {
  /** Rows, engine columns, timer wheel, device index. */
  readonly bytesPerConnection: number
  /** A thread with its own V8 heap. */
  readonly bytesPerThread: number
  /** A process with one shard: the rest of Node too. */
  readonly bytesPerProcess: number
}

const MIB = 1024 * 1024

export const GENERATOR_MEMORY: ProcessMemory = {
  bytesPerConnection: 200,
  bytesPerThread: 20 * MIB,
  bytesPerProcess: 60 * MIB,
}

export const NODE_MEMORY: ProcessMemory = {
  bytesPerConnection: 160,
  bytesPerThread: 20 * MIB,
  bytesPerProcess: 60 * MIB,
}

/** Threads of a Node process: V8's and libuv's pools, the inspector's, the main one. */
export const TASKS_PER_PROCESS = 12
/** Descriptors of a Node process without a connection: stdio, event loops, pipes. */
export const FILES_PER_PROCESS = 32
