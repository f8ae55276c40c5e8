/**
 * The log of a node: one JSON object a line, or a line for people. Lives on the main thread alone;
 * shards tell the main thread what happened, and count the rest. Importing it loads pino
 * (20 ms), so that stands behind run() like everything heavy.
 *
 *   {"level":"error","time":"…Z","node":"push-1","event":"shard-lost","msg":"shard 1 is lost", …}
 */
import type { Writable } from 'node:stream'
import { type Logger, pino, stdTimeFunctions } from 'pino'
import { humanLine } from './human-line.ts'
import { LineGate } from './line-gate.ts'
import { LOG_KINDS, type LogKind, type LogLevel } from './log-kinds.ts'
import { cleanText, describeFailure, REDACTED, REDACTED_PATHS } from './redact.ts'

export type LogFormat = 'human' | 'json'

export interface NodeLogOptions {
  readonly node: string
  readonly level: LogLevel
  readonly format: LogFormat
  readonly color: boolean
  readonly stream: Writable
  /** Milliseconds of any clock that never steps. */
  readonly now?: () => number
}

/** Numbers, names and counts; never a payload, a token or a list of devices. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | readonly string[]> & {
    /** Names that a line has by itself: JSON would hold them twice. */
    level?: never
    time?: never
    node?: never
    event?: never
    msg?: never
  }
>

export class NodeLog {
  readonly #pino: Logger
  readonly #gate = new LineGate()
  readonly #now: () => number

  constructor(options: NodeLogOptions) {
    const { stream, format, color } = options
    const write =
      format === 'json'
        ? (line: string) => stream.write(line)
        : (line: string) => stream.write(humanLine(line, color))
    this.#now = options.now ?? (() => performance.now())
    this.#pino = pino(
      {
        level: options.level,
        base: { node: options.node },
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        redact: { paths: REDACTED_PATHS, censor: REDACTED },
      },
      { write },
    )
  }

  get level(): LogLevel {
    return this.#pino.level as LogLevel
  }

  /** From the next line on. */
  set level(level: LogLevel) {
    this.#pino.level = level
  }

  tell(kind: LogKind, message: string, fields: LogFields = {}): void {
    const { level } = LOG_KINDS[kind]
    if (!this.#pino.isLevelEnabled(level)) return
    const suppressed = this.#gate.pass(kind, this.#now())
    if (suppressed < 0) return
    const clean = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? cleanText(value) : value,
      ]),
    )
    const more = suppressed > 0 ? { suppressed } : {}
    this.#pino[level]({ event: kind, ...clean, ...more }, cleanText(message))
  }

  /** A fault of the node itself: with its stack, without what it was given. */
  tellFailure(kind: LogKind, where: string, failure: unknown): void {
    const { error, stack } = describeFailure(failure)
    this.tell(kind, `${where} failed`, { error, stack })
  }

  /** Says what was left out and never told. */
  close(): void {
    for (const [kind, suppressed] of this.#gate.untold()) {
      const message = `${suppressed} more lines of this kind were left out`
      this.#pino[LOG_KINDS[kind].level]({ event: kind, suppressed }, message)
    }
  }
}
