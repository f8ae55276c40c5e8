/**
 * The head's end of one worker: the process that leads to it (ssh, kubectl), its lines, and why it
 * ended. The process has a session of its own, because a Ctrl-C on the terminal is for the head,
 * which wants a report from everybody first. When the head dies, by whatever, the pipe to standard
 * input closes, and the worker ends with it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { readLines } from './control-lines.ts'
import {
  type DownMessage,
  parseUp,
  UP_LINE_BYTES_MAX,
  type UpMessage,
  versionFault,
} from './control-messages.ts'

/** What a login shell may print before the worker speaks. */
const NOISE_BYTES_MAX = 64 * 1024
/** Of what it said on stderr; the end of it says why it ended. */
const STDERR_BYTES_MAX = 16 * 1024
/** After the end of its standard input. */
const END_MS_MAX = 5_000

export interface HostListener {
  onMessage(message: UpMessage): void
  /** Once, at its end. */
  onEnd(reason: string): void
}

export class HostLink {
  readonly #child: ChildProcess
  readonly #listener: HostListener
  readonly #program: string
  readonly #version: string
  readonly #ended: Promise<void>
  #stderr = ''
  #noise = 0
  #hasSpoken = false
  /** Why we ended it. */
  #fault: string | null = null
  #isOver = false

  /** @param version of pushctl, which must be that of the worker */
  constructor([program, ...words]: readonly string[], version: string, listener: HostListener) {
    this.#program = program
    this.#version = version
    this.#listener = listener
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    this.#child = child
    const lines = readLines(UP_LINE_BYTES_MAX, (line) => this.#onLine(line))
    child.stdout?.on('data', (chunk: Buffer) => {
      if (!lines.add(chunk)) this.fail(`printed a line of more than ${UP_LINE_BYTES_MAX} bytes`)
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_BYTES_MAX)
    })
    // A process that is gone is heard of by its end.
    child.stdin?.on('error', () => {})
    this.#ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        if (!this.#isOver) listener.onEnd(this.#fault ?? reason)
        this.#isOver = true
        resolve()
      }
      child.on('error', (error: NodeJS.ErrnoException) => {
        end(error.code === 'ENOENT' ? `${program} is not installed here` : error.message)
      })
      child.on('close', (code, signal) => end(this.#reasonOf(code, signal)))
    })
  }

  get pid(): number | null {
    return this.#child.pid ?? null
  }

  send(message: DownMessage): void {
    if (!this.#isOver) this.#child.stdin?.write(`${JSON.stringify(message)}\n`)
  }

  /** Ends it now, for this reason. */
  fail(reason: string): void {
    if (this.#isOver) return
    this.#fault ??= reason
    this.#listener.onEnd(reason)
    this.#isOver = true
    this.#kill('SIGTERM')
    this.#child.stdin?.end()
  }

  /** Ends standard input, which ends the worker; what does not end is killed. */
  async close(): Promise<void> {
    this.#child.stdin?.end()
    const late = setTimeout(() => this.#kill('SIGTERM'), END_MS_MAX)
    const later = setTimeout(() => this.#kill('SIGKILL'), END_MS_MAX * 2)
    await this.#ended
    clearTimeout(late)
    clearTimeout(later)
  }

  #onLine(line: string): void {
    if (this.#isOver) return
    if (!this.#hasSpoken && !line.startsWith('{"type":"hello"')) {
      this.#noise += line.length
      if (this.#noise > NOISE_BYTES_MAX) this.fail(`printed ${NOISE_BYTES_MAX} bytes, and no hello`)
      return
    }
    const otherVersion = this.#hasSpoken ? null : versionFault(line, this.#version)
    this.#hasSpoken = true
    if (otherVersion !== null) {
      this.fail(otherVersion)
      return
    }
    const parsed = parseUp(line)
    if ('fault' in parsed) this.fail(`said what no worker says: ${parsed.fault}`)
    else this.#listener.onMessage(parsed.message)
  }

  /** Its whole group: a shell would leave its child. */
  #kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child
    if (pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null)
      return
    try {
      process.kill(-pid, signal)
    } catch {
      this.#child.kill(signal)
    }
  }

  #reasonOf(code: number | null, signal: string | null): string {
    const said = this.#stderr.split('\n').filter((line) => line.trim() !== '')
    // What pushctl says comes first; what ssh or a shell says, last.
    const line = (said.find((text) => text.startsWith('pushctl')) ?? said.at(-1) ?? '').trim()
    const status = signal ?? `status ${code}`
    if (code === 127) return `has no pushctl where it looks: ${line || status}`
    if (line !== '') return line.slice(0, 500)
    return this.#hasSpoken
      ? `ended with ${status} in the middle of the run`
      : `${this.#program} ended with ${status}, without a word`
  }
}
