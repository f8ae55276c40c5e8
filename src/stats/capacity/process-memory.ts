/**
 * What our own processes take, measured and not guessed: private memory, because the code of one
 * binary is shared (docs/measurements.md#memory-of-a-process-shard). A heap grows to its young
 * generation with the first thousand connections and stays there, so that is part of the process.
 */
export interface ProcessMemory {
  /** Rows, engine columns, timer wheel, directory: of all processes of the side together. */
  readonly bytesPerConnection: number
  /** A shard in a thread, with its own V8 heap. */
  readonly bytesPerThread: number
  /** A shard in a process: the rest of Node too. */
  readonly bytesPerProcess: number
}

const MIB = 1024 * 1024

export const GENERATOR_MEMORY: ProcessMemory = {
  bytesPerConnection: 200,
  bytesPerThread: 16 * MIB,
  bytesPerProcess: 20 * MIB,
}

export const NODE_MEMORY: ProcessMemory = {
  bytesPerConnection: 400,
  bytesPerThread: 16 * MIB,
  bytesPerProcess: 24 * MIB,
}

/** The process of a node that its shards report to: directory, HTTP, inbox. */
export const NODE_MAIN_BYTES = 40 * MIB

/** Threads of a Node process: V8's and libuv's pools, the inspector's, the main one. */
export const TASKS_PER_PROCESS = 12
/** Descriptors of a Node process without a connection: stdio, event loops, pipes. */
export const FILES_PER_PROCESS = 32
