/**
 * The selftest's server as a process of its own: started, stopped for a while, asked for its log,
 * ended. A process, because a stall by SIGSTOP must stop the server and nothing of the generator.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../config/package-root.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type {
  ResponderDown,
  ResponderLog,
  ResponderSetup,
  ResponderUp,
} from './responder-messages.ts'

const READY_LIMIT_MS = 10_000
const LOG_LIMIT_MS = 5_000

export class ResponderProcess {
  readonly #child: ChildProcess
  readonly #killOnExit: () => void
  #heard: ResponderUp[] = []
  #listeners: (() => void)[] = []
  #exit: string | null = null

  private constructor() {
    this.#child = fork(join(packageRoot(), 'dist', 'selftest-responder.js'), [], {
      serialization: 'advanced',
      stdio: ['ignore', 2, 2, 'ipc'],
      // Its spinning leaves small objects behind: this many bytes of them are a collection apart.
      execArgv: ['--max-semi-space-size=32'],
    })
    this.#child.on('message', (message) => this.#hear(message as ResponderUp))
    this.#child.on('error', (error) => this.#end(error.message))
    this.#child.on('exit', (code, signal) => this.#end(String(signal ?? code)))
    this.#killOnExit = () => void this.#child.kill('SIGKILL')
    process.on('exit', this.#killOnExit)
  }

  /** @throws PushctlError PUSHCTL_TARGET_UNREACHABLE when it does not come up. */
  static async start(setup: ResponderSetup): Promise<ResponderProcess & { readonly port: number }> {
    const responder = new ResponderProcess()
    responder.#tell({ kind: 'setup', setup })
    try {
      const { port } = await responder.#next('ready', READY_LIMIT_MS)
      return Object.assign(responder, { port })
    } catch (error) {
      await responder.stop()
      throw error
    }
  }

  /** When the first message was due, in µs; never where none comes before `signal` aborts. */
  async begun(limitMs: number): Promise<number> {
    return (await this.#next('begun', limitMs)).firstIntendedUs
  }

  /**
   * Stops the process for so long. A shell of its own session does it, because a process that is
   * stopped when its parent is killed would stay so for ever.
   */
  stall(ms: number): void {
    const { pid } = this.#child
    if (pid === undefined || this.#exit !== null) return
    const script = `kill -STOP ${pid}; sleep ${ms / 1000}; kill -CONT ${pid}`
    spawn('sh', ['-c', script], { stdio: 'ignore', detached: true }).unref()
  }

  async finish(): Promise<ResponderLog> {
    this.#tell({ kind: 'finish' })
    return (await this.#next('log', LOG_LIMIT_MS)).log
  }

  async stop(): Promise<void> {
    if (this.#exit === null) {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve))
      this.#child.kill('SIGKILL')
      await gone
    }
    process.off('exit', this.#killOnExit)
  }

  #tell(message: ResponderDown): void {
    if (this.#child.connected) this.#child.send(message)
  }

  #hear(message: ResponderUp): void {
    this.#heard.push(message)
    this.#wake()
  }

  #end(how: string): void {
    this.#exit ??= how
    this.#wake()
  }

  #wake(): void {
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener()
  }

  async #next<Kind extends ResponderUp['kind']>(kind: Kind, limitMs: number) {
    const limit = AbortSignal.timeout(limitMs)
    for (;;) {
      const at = this.#heard.findIndex((message) => message.kind === kind)
      if (at >= 0) return this.#heard.splice(at, 1)[0] as Extract<ResponderUp, { kind: Kind }>
      const failed = this.#heard.find((message) => message.kind === 'failed')
      if (failed !== undefined) throw responderFailure(failed.reason)
      if (this.#exit !== null) throw responderFailure(`it ended with ${this.#exit}`)
      if (limit.aborted) throw responderFailure(`no ${kind} within ${limitMs} ms`)
      await new Promise<void>((resolve) => {
        this.#listeners.push(resolve)
        limit.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }
}

function responderFailure(why: string): PushctlError {
  return new PushctlError('PUSHCTL_TARGET_UNREACHABLE', "the selftest's server did not answer", {
    why,
    tries: ['npm run build   (its program is dist/selftest-responder.js)'],
  })
}
