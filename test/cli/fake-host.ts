/** A Host of strings: what was written, how it ended, and a way to send it signals. */
import { PassThrough, Writable } from 'node:stream'
import type { Host } from '../../src/cli/host.ts'
import type { StopSignal } from '../../src/errors/exit-codes.ts'

export interface FakeHost extends Host {
  out(): string
  err(): string
  /** Codes given to exit() and setExitCode(), in order. */
  readonly exits: number[]
  readonly exitCodes: number[]
  interrupt(signal: StopSignal): void
  /** SIGHUP; false where nobody listens for it. */
  askForReload(): boolean
  breakStdout(): void
  throwUncaught(error: unknown): void
}

class Sink extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

export function fakeHost(
  argv: readonly string[],
  given: Partial<Pick<Host, 'env' | 'stderrIsTty' | 'columns'>> = {},
): FakeHost {
  const stdout = new Sink()
  const stderr = new Sink()
  const exits: number[] = []
  const exitCodes: number[] = []
  let onSignal: (signal: StopSignal) => void = () => {}
  let onReload: (() => void) | null = null
  let onUncaught: (error: unknown) => void = () => {}
  return {
    argv,
    env: {},
    cwd: '/',
    stdin: new PassThrough(),
    stdout,
    stderr,
    stdinIsTty: false,
    stdoutIsTty: false,
    stderrIsTty: false,
    columns: 100,
    platform: 'node v0, test',
    now: () => 0,
    onSignal(listener) {
      onSignal = listener
      return () => {
        onSignal = () => {}
      }
    },
    onReload(listener) {
      onReload = listener
      return () => {
        onReload = null
      }
    },
    onUncaught(listener) {
      onUncaught = listener
      return () => {
        onUncaught = () => {}
      }
    },
    setExitCode: (code) => exitCodes.push(code),
    exit: (code) => exits.push(code),
    ...given,
    out: () => stdout.text,
    err: () => stderr.text,
    exits,
    exitCodes,
    interrupt: (signal) => onSignal(signal),
    askForReload: () => {
      onReload?.()
      return onReload !== null
    },
    breakStdout: () => stdout.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' })),
    throwUncaught: (error) => onUncaught(error),
  }
}
