/**
 * A command on a terminal of its own: script(1) opens a pseudo terminal and passes keys through.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { until } from './serve-process.ts'

/** util-linux; the script of BSD has other options. */
export const HAS_TERMINAL = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0

/** Only how long a test may hang before it fails. */
const WAIT_MS_MAX = 30_000

export class TerminalProcess {
  /** Everything that was drawn, with its control characters. */
  drawn = ''
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  #isEnded = false

  /** @param env beside PATH; of a terminal that can be drawn on unless it says otherwise */
  constructor(words: readonly string[], columns: number, env: Record<string, string> = {}) {
    const command = words.map((word) => `'${word}'`).join(' ')
    const line = `stty cols ${columns} rows 30; exec ${command}`
    this.child = spawn('script', ['-qefc', line, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'], TERM: 'xterm-256color', PUSHCTL_DOCTOR: 'off', ...env },
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.drawn += text))
    this.ended = new Promise((resolve) => {
      this.child.on('close', (status) => {
        this.#isEnded = true
        resolve(status)
      })
    })
  }

  press(keys: string): void {
    this.child.stdin?.write(keys)
  }

  /** Waits until what was drawn since `from` has the text; returns where it ends. */
  async sees(text: RegExp, from = 0): Promise<number> {
    const shown = (): string => stripVTControlCharacters(this.drawn.slice(from))
    await until(() => text.test(shown()) || this.#isEnded, WAIT_MS_MAX).catch(() => {})
    if (!text.test(shown())) throw new Error(`expected ${text} on the screen, got:\n${shown()}`)
    return this.drawn.length
  }
}
