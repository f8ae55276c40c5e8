/**
 * A push node of our own for a bench without TARGET, in a process of its own so that its memory,
 * garbage and CPU are its own. It can be killed and started again on the same ports, as a storm
 * asks for.
 */
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { PushctlError } from '../errors/pushctl-error.ts'
import { nowUs } from '../stats/clock.ts'
import {
  type NodePorts,
  type NodeProcess,
  type OwnNodeOptions,
  startNodeProcess,
} from './own-node-process.ts'
import { parseTarget, type TargetAddress } from './target/target-address.ts'

/** After SIGTERM; a node without devices drains at once, others at its default rate. */
const STOP_LIMIT_MS = 3_000
const STOP_MS_PER_PROCESS = 300
const DRAINED_PER_SECOND = 10_000
/** Ports below the range of outgoing connections among which a node that restarts gets its own. */
const PORT_CHOICES = 20_000
const PORT_MIN = 1_024
const START_TRIES = 5
/** The processes of a killed node need a moment to give their ports back. */
const RESTART_TRIES = 40
const RESTART_PAUSE_MS = 250

const ANY_PORTS: NodePorts = { tcp: 0, ws: 0, http: 0 }

export class OwnNode {
  readonly targets: readonly TargetAddress[]
  readonly httpUrl: string
  readonly #options: OwnNodeOptions
  readonly #ports: NodePorts
  #child: ChildProcess
  #restarting: Promise<void> | null = null
  #killTimer: NodeJS.Timeout | undefined
  readonly #killOnExit = (): void => void this.#child.kill('SIGKILL')

  private constructor(options: OwnNodeOptions, ports: NodePorts, { child, ready }: NodeProcess) {
    this.#options = options
    this.#ports = ports
    this.#child = child
    this.targets = ready.tcp.flatMap((address, process) => [
      parseTarget(withScheme('tcp', address)),
      parseTarget(withScheme('ws', ready.ws[process])),
    ])
    this.httpUrl = withScheme('http', ready.http)
    process.on('exit', this.#killOnExit)
  }

  /**
   * null where `signal` came first: then nothing is left of it.
   *
   * @throws PushctlError PUSHCTL_TARGET_UNREACHABLE when the node does not come up.
   */
  static async start(options: OwnNodeOptions, signal: AbortSignal): Promise<OwnNode | null> {
    for (let tried = 1; ; tried++) {
      const ports = portsFor(options)
      try {
        const started = await startGuarded(options, ports, signal)
        return started && new OwnNode(options, ports, started)
      } catch (error) {
        if (!isInUse(error) || tried === START_TRIES) throw error
      }
    }
  }

  /** Of its first process; a restart has another. */
  get pid(): number | null {
    return this.#child.pid ?? null
  }

  /** Whether it ended by itself. */
  get isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /**
   * At this moment of the monotonic clock kills the node as a crash would, and starts it again on
   * the same ports until the signal comes. `onFailure` hears when it does not come up again.
   */
  killAt(atUs: number, signal: AbortSignal, onFailure: (error: Error) => void): void {
    const kill = (): void => {
      this.#restarting = this.#restart(signal)
      this.#restarting.catch(onFailure)
    }
    this.#killTimer = setTimeout(kill, Math.max(0, (atUs - nowUs()) / 1000))
  }

  /** The run is over before the node was killed. */
  spareKill(): void {
    clearTimeout(this.#killTimer)
  }

  async stop(): Promise<void> {
    this.spareKill()
    await this.#restarting?.catch(() => {})
    if (!this.isGone) {
      const gone = exitOf(this.#child)
      this.#child.kill('SIGTERM')
      const limit = setTimeout(() => this.#child.kill('SIGKILL'), this.#stopLimitMs())
      await gone
      clearTimeout(limit)
    }
    process.off('exit', this.#killOnExit)
  }

  async #restart(signal: AbortSignal): Promise<void> {
    const gone = exitOf(this.#child)
    this.#child.kill('SIGKILL')
    await gone
    for (let tried = 1; !signal.aborted; tried++) {
      try {
        await startNodeProcess(this.#options, this.#ports, signal, (child) => {
          this.#child = child
        })
        return
      } catch (error) {
        if (!isInUse(error) || tried === RESTART_TRIES) throw error
        await new Promise((resolve) => setTimeout(resolve, RESTART_PAUSE_MS))
      }
    }
  }

  #stopLimitMs(): number {
    const { connections, processes } = this.#options
    const drainMs = (connections / DRAINED_PER_SECOND) * 1000
    return STOP_LIMIT_MS + (processes ?? 0) * STOP_MS_PER_PROCESS + drainMs
  }
}

/** While it starts, nobody holds the node yet; it must end with us all the same. */
async function startGuarded(options: OwnNodeOptions, ports: NodePorts, signal: AbortSignal) {
  let killOnExit = (): void => {}
  try {
    return await startNodeProcess(options, ports, signal, (child) => {
      killOnExit = () => void child.kill('SIGKILL')
      process.on('exit', killOnExit)
    })
  } finally {
    process.off('exit', killOnExit)
  }
}

/**
 * A process of the node has its ports counted up from these. Above `portsBelow` a connection that
 * comes back while nobody listens could get the node's port as its own, and connect to itself.
 */
function portsFor({ portsBelow, processes }: OwnNodeOptions): NodePorts {
  const each = processes ?? 1
  const last = (portsBelow ?? 0) - 2 * each - 1
  if (last <= PORT_MIN) return ANY_PORTS
  const tcp = randomInt(Math.max(PORT_MIN, last - PORT_CHOICES), last)
  return { tcp, ws: tcp + each, http: tcp + 2 * each }
}

function isInUse(error: unknown): boolean {
  return error instanceof PushctlError && /PUSHCTL_ADDRESS_IN_USE|EADDRINUSE/.test(error.why ?? '')
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
}

function withScheme(scheme: string, address: string): string {
  return address.includes('://') ? address : `${scheme}://${address}`
}
