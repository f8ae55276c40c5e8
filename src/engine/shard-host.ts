/**
 * Starts a shard as a worker thread or as a child process, behind one link with the same messages.
 * A process costs about 40 MB more but has descriptors of its own: where the limit of one process
 * (RLIMIT_NOFILE) is below the target, processes are the only way. Messages are structured clones,
 * so typed arrays travel as they are.
 */
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

export type ShardKind = 'thread' | 'process'

/** Built files under dist/ that run as a shard. */
export type ShardEntry =
  | 'server-shard'
  | 'loadgen-worker'
  | 'loadgen-publisher'
  | 'loadgen-bad-clients'

export interface ShardExit {
  /** Exit code, or the signal that ended it; an uncaught error where there was one. */
  readonly code: number | null
  readonly signal: string | null
  readonly error: Error | null
}

/** The parent's end. */
export interface ShardLink<Down, Up> {
  readonly index: number
  readonly kind: ShardKind
  /** Process id of a process shard, else that of this process. */
  readonly pid: number
  post(message: Down): void
  onMessage(listener: (message: Up) => void): void
  onExit(listener: (exit: ShardExit) => void): void
  /** Ends the shard now. Resolves when it is gone. */
  kill(): Promise<void>
}

/** The shard's end. */
export interface ShardPort<Down, Up> {
  readonly kind: ShardKind
  post(message: Up): void
  onMessage(listener: (message: Down) => void): void
}

/**
 * A process that shares its cores with others collects and compiles with as few threads as it can:
 * each would have to wait for a CPU in its turn, and the collecting one for it. With 50 + 50
 * processes on two cores a major collection stood still for up to 230 ms with helpers, for 6
 * without.
 */
const PROCESS_FLAGS = ['--single-threaded-gc', '--v8-pool-size=1']

export interface StartShardOptions {
  readonly kind: ShardKind
  readonly entry: ShardEntry
  readonly index: number
}

export function startShard<Down, Up>(options: StartShardOptions): ShardLink<Down, Up> {
  const file = entryFile(options.entry)
  return options.kind === 'thread'
    ? startThread<Down, Up>(file, options)
    : startProcess<Down, Up>(file, options)
}

function startThread<Down, Up>(file: string, options: StartShardOptions): ShardLink<Down, Up> {
  const worker = new Worker(file, { name: `${options.entry} ${options.index}` })
  let error: Error | null = null
  let gone = false
  worker.on('error', (cause) => {
    error = cause as Error
  })
  worker.on('exit', () => {
    gone = true
  })
  return {
    index: options.index,
    kind: 'thread',
    pid: process.pid,
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.on('message', listener),
    onExit: (listener) => worker.on('exit', (code) => listener({ code, signal: null, error })),
    kill: async () => {
      if (!gone) await worker.terminate()
    },
  }
}

function startProcess<Down, Up>(file: string, options: StartShardOptions): ShardLink<Down, Up> {
  const child = fork(file, [], {
    serialization: 'advanced',
    // stdout belongs to the result of the command; what a shard says goes to stderr.
    stdio: ['ignore', 2, 2, 'ipc'],
    // The parent's own flags are not for shards: its --import guards its standard input.
    execArgv: PROCESS_FLAGS,
    // A Ctrl-C on the terminal reaches the whole group: only the parent acts on it.
    detached: false,
  })
  let error: Error | null = null
  child.on('error', (cause) => {
    error = cause
  })
  return {
    index: options.index,
    kind: 'process',
    pid: child.pid ?? -1,
    post: (message) => {
      if (child.connected) child.send(message as never)
    },
    onMessage: (listener) => child.on('message', listener as (message: unknown) => void),
    onExit: (listener) => child.on('exit', (code, signal) => listener({ code, signal, error })),
    kill: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve()
        child.once('exit', () => resolve())
        child.kill('SIGKILL')
      }),
  }
}

/** Called once in a shard's entry file. */
export function openShardPort<Down, Up>(): ShardPort<Down, Up> {
  if (!isMainThread && parentPort) {
    const port = parentPort
    return {
      kind: 'thread',
      post: (message) => port.postMessage(message),
      onMessage: (listener) => port.on('message', listener),
    }
  }
  if (!process.send) throw new Error('a shard is started by pushctl, not by hand')
  // The parent decides when shards stop; without it (crash, kill -9) a shard must not live on as an
  // orphan.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {})
  process.on('disconnect', () => process.exit(0))
  const send = process.send.bind(process)
  return {
    kind: 'process',
    post: (message) => send(message),
    onMessage: (listener) => process.on('message', listener as (message: unknown) => void),
  }
}

/**
 * dist/ lies beside the running bundle, or under the package root when the sources run directly
 * (tests).
 */
function entryFile(entry: ShardEntry): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder))
    folder = dirname(folder)
  return join(folder, 'dist', `${entry}.js`)
}
