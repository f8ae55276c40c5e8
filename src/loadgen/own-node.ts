/**
 * A push node of our own for a bench without TARGET: the same `pushctl serve` that anyone starts,
 * in a process of its own so that its memory, garbage and CPU are its own. It gets a process group
 * of its own (a Ctrl-C is for bench alone) and ends when its stdin does, so it cannot outlive us
 * even when we are killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../config/package-root.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { parseTarget, type TargetAddress } from './target/target-address.ts'

const READY_LIMIT_MS = 15_000
/** Starting a process costs about 100 ms of a core. */
const READY_MS_PER_PROCESS = 400
/** After SIGTERM; a node without devices drains at once, others at its default rate. */
const STOP_LIMIT_MS = 3_000
const STOP_MS_PER_PROCESS = 300
const DRAINED_PER_SECOND = 10_000
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
}

export class OwnNode {
  readonly targets: readonly TargetAddress[]
  readonly httpUrl: string
  readonly #child: ChildProcess
  readonly #killOnExit: () => void
  readonly #stopLimitMs: number

  private constructor(
    child: ChildProcess,
    ready: ReadyLine,
    killOnExit: () => void,
    { connections, processes }: OwnNodeOptions,
  ) {
    this.#child = child
    this.#killOnExit = killOnExit
    this.#stopLimitMs =
      STOP_LIMIT_MS +
      (processes ?? 0) * STOP_MS_PER_PROCESS +
      (connections / DRAINED_PER_SECOND) * 1000
    this.targets = ready.tcp.flatMap((address, process) => [
      parseTarget(withScheme('tcp', address)),
      parseTarget(withScheme('ws', ready.ws[process])),
    ])
    this.httpUrl = withScheme('http', ready.http)
  }

  /**
   * null where `signal` came first: then nothing is left of it.
   *
   * @throws PushctlError PUSHCTL_TARGET_UNREACHABLE when the node does not come up.
   */
  static async start(options: OwnNodeOptions, signal: AbortSignal): Promise<OwnNode | null> {
    const { args, env } = commandOf(options)
    const child = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env,
    })
    const killOnExit = (): void => void child.kill('SIGKILL')
    process.on('exit', killOnExit)
    try {
      const limitMs = READY_LIMIT_MS + (options.processes ?? 0) * READY_MS_PER_PROCESS
      const ready = await waitForReady(child, limitMs, signal)
      if (ready !== null) return new OwnNode(child, ready, killOnExit, options)
    } catch (error) {
      endNow(child, killOnExit)
      throw error
    }
    endNow(child, killOnExit)
    return null
  }

  /** Whether it ended by itself. */
  get isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async stop(): Promise<void> {
    if (!this.isGone) {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve))
      this.#child.kill('SIGTERM')
      const limit = setTimeout(() => this.#child.kill('SIGKILL'), this.#stopLimitMs)
      await gone
      clearTimeout(limit)
    }
    process.off('exit', this.#killOnExit)
  }
}

function endNow(child: ChildProcess, killOnExit: () => void): void {
  process.off('exit', killOnExit)
  child.kill('SIGKILL')
}

interface ReadyLine {
  readonly tcp: readonly string[]
  readonly ws: readonly string[]
  readonly http: string
}

function commandOf({ connections, engine, processes, heartbeatSeconds }: OwnNodeOptions) {
  const guard = `data:text/javascript,${encodeURIComponent(END_WITH_PARENT)}`
  const anyPort = '127.0.0.1:0'
  const args = ['--import', guard, join(packageRoot(), 'bin', 'pushctl.js'), 'serve', '--json']
  args.push('--tcp', anyPort, '--ws', anyPort, '--http', anyPort)
  args.push('--max-connections', String(connections), '--engine', engine)
  if (heartbeatSeconds > 0) {
    const min = Math.min(heartbeatSeconds, HEARTBEAT_SECONDS_MIN)
    const max = Math.max(heartbeatSeconds, HEARTBEAT_SECONDS_MAX)
    args.push('--heartbeat', `${min}s..${max}s`)
  }
  if (processes !== null) {
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

function withScheme(scheme: string, address: string): string {
  return address.includes('://') ? address : `${scheme}://${address}`
}
