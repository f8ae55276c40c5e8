/**
 * The process as one value: argv, streams, signals, exit code. Nothing else in pushctl touches
 * `process` for these, so a test of the whole command line needs a fake of this one object. Node's
 * own defaults are kept where they do no harm.
 */
import type { Readable, Writable } from 'node:stream'
import { isatty } from 'node:tty'
import type { StopSignal } from '../errors/exit-codes.ts'

export interface Host {
  /** Words after `pushctl`. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly stdinIsTty: boolean
  readonly stdoutIsTty: boolean
  readonly stderrIsTty: boolean
  /** Width of stderr's terminal; 80 where it is none. */
  readonly columns: number
  /** `node v20.20.2, linux x64`, for bug reports. */
  readonly platform: string
  /** Milliseconds since the epoch. */
  now(): number
  /** Returns the function that stops listening. */
  onSignal(listener: (signal: StopSignal) => void): () => void
  /**
   * SIGHUP. Without a listener it ends the process, as it does when the terminal of a verb closes.
   * Returns the function that stops listening.
   */
  onReload(listener: () => void): () => void
  /** An exception or rejection that nobody caught. */
  onUncaught(listener: (error: unknown) => void): () => void
  /** The exit code for when the process ends by itself. */
  setExitCode(code: number): void
  /** Ends now. */
  exit(code: number): void
}

export function hostOfProcess(): Host {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    // A getter: opening stdin costs a handle, and most verbs never read it.
    get stdin() {
      return process.stdin
    },
    stdout: process.stdout,
    stderr: process.stderr,
    stdinIsTty: isatty(0),
    stdoutIsTty: process.stdout.isTTY === true,
    stderrIsTty: process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 80,
    platform: `node ${process.version}, ${process.platform} ${process.arch}`,
    now: Date.now,
    onSignal(listener) {
      process.on('SIGINT', listener)
      process.on('SIGTERM', listener)
      return () => {
        process.off('SIGINT', listener)
        process.off('SIGTERM', listener)
      }
    },
    onReload(listener) {
      process.on('SIGHUP', listener)
      return () => process.off('SIGHUP', listener)
    },
    onUncaught(listener) {
      process.on('uncaughtException', listener)
      process.on('unhandledRejection', listener)
      return () => {
        process.off('uncaughtException', listener)
        process.off('unhandledRejection', listener)
      }
    },
    setExitCode(code) {
      process.exitCode = code
    },
    exit: (code) => process.exit(code),
  }
}
