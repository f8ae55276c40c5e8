/** Runs the built `pushctl serve` as its user would: arguments, signals, exit code, two streams. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../src/config/package-root.ts'
import type { NodeDescription } from '../../src/server/node-control.ts'

/** Only how long a test may hang before it fails; nothing depends on it. */
const WAIT_MS_MAX = 15_000
const LOOK_AGAIN_MS = 5

export interface ServeEnd {
  readonly status: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface ReadyEvent {
  readonly event: string
  readonly tcp: readonly string[]
  readonly ws: readonly string[]
  readonly http: string
  readonly engine: string
}

export class ServeProcess {
  stdout = ''
  stderr = ''
  ready!: ReadyEvent
  isEnded = false
  readonly child: ChildProcess
  readonly ended: Promise<ServeEnd>

  constructor(words: readonly string[], env: Record<string, string> = {}) {
    const bin = join(packageRoot(), 'bin', 'pushctl.js')
    this.child = spawn(process.execPath, [bin, 'serve', ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...env },
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.ended = new Promise((resolve) => {
      this.child.on('exit', (status, signal) => {
        this.isEnded = true
        resolve({ status, signal, stdout: this.stdout, stderr: this.stderr })
      })
    })
  }

  /** On free ports of loopback, ready. */
  static async start(...words: readonly string[]): Promise<ServeProcess> {
    const ports = ['--tcp', '127.0.0.1:0', '--ws', '127.0.0.1:0', '--http', '127.0.0.1:0']
    const node = new ServeProcess(['--json', ...ports, ...words])
    await until(() => node.stdout.includes('\n') || node.isEnded)
    if (node.isEnded) throw new Error(`the node did not start: ${node.stderr}`)
    node.ready = JSON.parse(node.stdout)
    return node
  }

  get tcp(): string {
    return this.ready.tcp[0]!
  }

  url(path: string): string {
    return `http://${this.ready.http}${path}`
  }

  async describe(): Promise<NodeDescription> {
    return (await fetch(this.url('/v1/node'))).json() as Promise<NodeDescription>
  }

  async push(body: unknown): Promise<unknown> {
    const answer = await fetch(this.url('/v1/push'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return answer.json()
  }

  /** Ends it now, if it still runs. */
  async kill(): Promise<void> {
    if (!this.isEnded) this.child.kill('SIGKILL')
    await this.ended
  }
}

export async function until(
  isReached: () => boolean | Promise<boolean>,
  waitMsMax = WAIT_MS_MAX,
): Promise<void> {
  const waitUntilMs = performance.now() + waitMsMax
  while (!(await isReached())) {
    if (performance.now() > waitUntilMs) throw new Error(`waited in vain for ${isReached}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
