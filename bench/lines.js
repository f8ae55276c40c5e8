/**
 * A child process spoken to in lines: one line in, one JSON line out, in order. A child that ends
 * or stays silent makes the answer that is waited for fail with what it last wrote to stderr, so
 * that no peer is lost without a reason.
 */
import { spawn } from 'node:child_process'

const STDERR_KEPT = 2000

// Not all programs end when their stdin does, and none may outlive the driver.
const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

export class LineProcess {
  #child
  #pending = ''
  #stderr = ''
  #answers = []
  #waiting = null
  #ended = null

  /**
   * `core`: CPU to pin to, or null. The child is taskset for an instant, then the program itself:
   * same pid.
   */
  constructor({ command, core, env = {}, cwd }) {
    const [file, ...args] = core === null ? command : ['taskset', '-c', String(core), ...command]
    this.#child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' })
    this.#child.on('error', (error) => this.#end(error.message))
    running.add(this.#child)
    this.#child.on('close', (code, signal) => this.#end(`ended with ${signal ?? code}`))
    this.#child.stderr.on('data', (chunk) => {
      this.#stderr = (this.#stderr + chunk).slice(-STDERR_KEPT)
    })
    this.#child.stdout.on('data', (chunk) => this.#take(chunk))
    this.#child.stdin.on('error', () => {})
  }

  get pid() {
    return this.#child.pid
  }

  write(line) {
    this.#child.stdin.write(`${line}\n`)
  }

  /** The next JSON line of stdout. */
  read(timeoutS) {
    if (this.#answers.length > 0) return Promise.resolve(this.#answers.shift())
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#failure(this.#ended))
      const timer = setTimeout(() => {
        this.#waiting = null
        reject(this.#failure(`no answer within ${timeoutS} s`))
      }, timeoutS * 1000)
      const done = (settle) => (value) => {
        clearTimeout(timer)
        this.#waiting = null
        settle(value)
      }
      this.#waiting = { resolve: done(resolve), reject: done(reject) }
    })
  }

  ask(line, timeoutS = 30) {
    this.write(line)
    return this.read(timeoutS)
  }

  /** Ends the child and waits until it is gone. */
  async stop() {
    if (this.#ended) return
    const gone = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.kill('SIGKILL')
    await gone
  }

  #take(chunk) {
    const lines = (this.#pending + chunk).split('\n')
    this.#pending = lines.pop()
    for (const line of lines) {
      // A program may print more than JSON on stdout; that is not an answer.
      if (!line.startsWith('{')) continue
      const answer = JSON.parse(line)
      if (this.#waiting) this.#waiting.resolve(answer)
      else this.#answers.push(answer)
    }
  }

  #end(reason) {
    this.#ended ??= reason
    running.delete(this.#child)
    this.#waiting?.reject(this.#failure(this.#ended))
  }

  #failure(reason) {
    const last = this.#stderr.trim().split('\n').slice(-3).join(' | ')
    return new Error(last ? `${reason}: ${last}` : reason)
  }
}
