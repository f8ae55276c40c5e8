/**
 * The process of a node of our own: the same `pushctl serve` that anyone starts. It gets a process
 * group of its own (a Ctrl-C is for bench alone) and ends when its stdin does, so it cannot outlive
 * us even when we are killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../config/package-root.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { DELIVERIES_PER_SECOND_MIN } from './message-schedule.ts'

const READY_LIMIT_MS = 15_000
/** Starting a process costs about 100 ms of a core. */
const READY_MS_PER_PROCESS = 400
const STDERR_KEPT_CHARACTERS = 2_000
/** Bounds of the heartbeat that a node grants, widened where devices ask for another. */
const HEARTBEAT_SECONDS_MIN = 30
const HEARTBEAT_SECONDS_MAX = 480

/**
 * Runs in the node before anything else. Its worker threads run it too, and have no stdin to watch.
 */
const END_WITH_PARENT = `
import { isMainThread } from 'node:worker_threads'
const end = () => process.exit(0)
if (isMainThread) process.stdin.on('end', end).on('error', end).resume().unref()
`

export interface OwnNodeOptions {
  readonly connections: number
  /**
   * Processes of the node, each with ports of its own; null: what the node chooses. The first two
   * targets are those of its first process, and so on.
   */
  readonly processes: number | null
  readonly engine: 'auto' | 'epoll' | 'node'
  /** What devices ask for, and are to be granted; 0: nothing. */
  readonly heartbeatSeconds: number
  /**
   * The node is to be restarted on its ports: they are chosen below this one, where no outgoing
   * connection takes them meanwhile; null: any free ports.
   */
  readonly portsBelow: number | null
}

/**
 * With so many devices on the cores that drive them too, a broadcast at full speed would keep
 * heartbeats waiting until devices are given up; so our own node sends it at a pace, as a node in
 * production would: two cores hold both ends of a million devices at it with some time left, which
 * twice as fast they do not.
 */
export const PACED_CONNECTIONS_MIN = 200_000

/** 0: any free port. */
export interface NodePorts {
  readonly tcp: number
  readonly ws: number
  readonly http: number
}

export interface ReadyLine {
  readonly tcp: readonly string[]
  readonly ws: readonly string[]
  readonly http: string
}

export interface NodeProcess {
  readonly child: ChildProcess
  readonly ready: ReadyLine
}

/**
 * null where `signal` came first: then nothing is left of it. `onSpawn` gets the process at once,
 * so that it can be ended with us whatever happens.
 *
 * @throws PushctlError PUSHCTL_TARGET_UNREACHABLE when the node does not come up.
 */
export async function startNodeProcess(
  options: OwnNodeOptions,
  ports: NodePorts,
  signal: AbortSignal,
  onSpawn: (child: ChildProcess) => void,
): Promise<NodeProcess | null> {
  const { args, env } = commandOf(options, ports)
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env,
  })
  onSpawn(child)
  const limitMs = READY_LIMIT_MS + (options.processes ?? 0) * READY_MS_PER_PROCESS
  try {
    const ready = await waitForReady(child, limitMs, signal)
    if (ready !== null) return { child, ready }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  child.kill('SIGKILL')
  return null
}

function commandOf(options: OwnNodeOptions, { tcp, ws, http }: NodePorts) {
  const { connections, engine, processes, heartbeatSeconds } = options
  const guard = `data:text/javascript,${encodeURIComponent(END_WITH_PARENT)}`
  const args = ['--import', guard, join(packageRoot(), 'bin', 'pushctl.js'), 'serve', '--json']
  args.push('--tcp', `127.0.0.1:${tcp}`, '--ws', `127.0.0.1:${ws}`, '--http', `127.0.0.1:${http}`)
  args.push('--max-connections', String(connections), '--engine', engine)
  if (connections >= PACED_CONNECTIONS_MIN) {
    args.push('--broadcast-rate', String(DELIVERIES_PER_SECOND_MIN))
  }
  if (heartbeatSeconds > 0) {
    const min = Math.min(heartbeatSeconds, HEARTBEAT_SECONDS_MIN)
    const max = Math.max(heartbeatSeconds, HEARTBEAT_SECONDS_MAX)
    args.push('--heartbeat', `${min}s..${max}s`)
  }
  if (processes !== null) {
    // Processes of both ends share these cores: that a shard waits for one is no trouble of the
    // node.
    args.push('--loop-lag-limit', '0')
    args.push('--shard-kind', 'process', '--shards', String(processes), '--port-per-shard')
  }
  // Settings meant for this bench must not become settings of its node.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PUSHCTL_')),
  )
  return { args, env }
}

/** null where `signal` came first. */
function waitForReady(
  child: ChildProcess,
  limitMs: number,
  signal: AbortSignal,
): Promise<ReadyLine | null> {
  return new Promise((resolve, reject) => {
    let errors = ''
    const settle = (ready: ReadyLine | null): void => {
      clearTimeout(limit)
      signal.removeEventListener('abort', give)
      child.removeAllListeners('exit')
      resolve(ready)
    }
    const give = (): void => settle(null)
    const fail = (reason: string): void => {
      clearTimeout(limit)
      signal.removeEventListener('abort', give)
      reject(
        new PushctlError('PUSHCTL_TARGET_UNREACHABLE', `the node of our own ${reason}`, {
          why: errors.trim(),
          tries: ['pushctl serve --http 127.0.0.1:0 --json   (to see what it says)'],
        }),
      )
    }
    const limit = setTimeout(() => fail(`was not ready in ${limitMs} ms`), limitMs)
    // Read on after ready too: a full pipe would stop the node.
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-STDERR_KEPT_CHARACTERS)
    })
    child.stdin?.on('error', () => {})
    child.once('error', (error) => fail(`did not start: ${error.message}`))
    child.once('exit', (code, signal) => fail(`ended with ${signal ?? code} before it was ready`))
    if (!child.stdout) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      const ready = readyLineFrom(line)
      if (ready !== null) settle(ready)
    })
    if (signal.aborted) give()
    else signal.addEventListener('abort', give, { once: true })
  })
}

function readyLineFrom(line: string): ReadyLine | null {
  try {
    const event = JSON.parse(line)
    return event.event === 'ready' ? event : null
  } catch {
    return null
  }
}
