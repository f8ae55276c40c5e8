/**
 * Where facts come from: this host, a captured folder, another host over ssh. Paths are absolute as
 * on the host; commands are read-only and named, so that a capture can keep their output as
 * commands/<name>.txt. No method throws: what cannot be read, is too long or takes too long is
 * unknown with the reason.
 */
import { type Fact, pickFact } from '../fact.ts'
import type { FactsOrigin } from '../facts.ts'

export interface HostCommand {
  /** File name of the output in a capture: "ss-listeners". */
  readonly name: string
  readonly argv: readonly [string, ...string[]]
  /** Reading stops after so many lines; the rest is not waited for. */
  readonly linesMax?: number
  readonly timeoutMs?: number
}

export interface CommandOutput {
  readonly text: string
  /** Reading stopped at a limit: the last line may be cut and is left out. */
  readonly truncated: boolean
}

export interface FactSource {
  readonly origin: FactsOrigin
  readText(path: string, bytesMax?: number): Promise<Fact<string>>
  list(folder: string): Promise<Fact<readonly string[]>>
  readLink(path: string): Promise<Fact<string>>
  /** st_size, which for /proc/PID/fd is the number of descriptors since kernel 6.2. */
  sizeOf(path: string): Promise<Fact<number>>
  run(command: HostCommand): Promise<Fact<CommandOutput>>
  /** A page of Prometheus metrics. */
  fetchMetrics(url: string): Promise<Fact<string>>
  /**
   * Moves on to the second moment, windowMs after `firstAtMs` on the performance clock (a capture
   * has its own window). Milliseconds between the two, or null where there is only one.
   */
  advance(windowMs: number, firstAtMs: number): Promise<number | null>
}

/** Enough for every file doctor reads but /proc/interrupts of a very large host. */
export const FILE_BYTES_MAX = 1024 * 1024
export const COMMAND_BYTES_MAX = 16 * 1024 * 1024
export const READ_TIMEOUT_MS = 2_000
export const COMMAND_TIMEOUT_MS = 5_000

/** Parsers answer null for text they do not know. */
export function parsedWith<T>(text: Fact<string>, parse: (text: string) => T | null): Fact<T> {
  if (text.known && text.value.trim() === '')
    return { known: false, reason: 'is empty', source: text.source }
  return pickFact(text, parse, 'is not in the expected format')
}

export async function readParsed<T>(
  source: FactSource,
  path: string,
  parse: (text: string) => T | null,
  bytesMax?: number,
): Promise<Fact<T>> {
  return parsedWith(await source.readText(path, bytesMax), parse)
}

export function trimmed(text: string): string {
  return text.trim()
}
