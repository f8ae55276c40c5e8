/**
 * A captured host: a tree of files laid out as proc/, sys/, etc/ and commands/<name>.txt, with
 * links as <path>.link, folder listings as <folder>/.list, and sizes as <path>.size where a plain
 * tree cannot show them. A second moment lies under after/ in the same layout; capture.json tells
 * the milliseconds between. Any part may be missing.
 */
import { type Fact, known, unknown } from '../fact.ts'
import type { FactsOrigin } from '../facts.ts'
import { capturePath, metricsPath } from './capture-path.ts'
import {
  type CommandOutput,
  type FactSource,
  FILE_BYTES_MAX,
  type HostCommand,
} from './fact-source.ts'

/** Paths are relative, with forward slashes and no leading one. */
export interface CaptureTree {
  /** Null: no such file. A string reason is an Unknown of the caller's. */
  readText(path: string, bytesMax: number): Promise<Fact<string>>
  list(folder: string): Promise<readonly string[] | null>
  readLink(path: string): Promise<string | null>
}

export const CAPTURE_NOTE = 'capture.json'
export const SECOND_MOMENT = 'after/'
const MISSING = 'is not part of this capture'

export class CapturedSource implements FactSource {
  readonly origin: FactsOrigin
  readonly #tree: CaptureTree
  #prefix = ''

  constructor(origin: FactsOrigin, tree: CaptureTree) {
    this.origin = origin
    this.#tree = tree
  }

  async readText(path: string, bytesMax = FILE_BYTES_MAX): Promise<Fact<string>> {
    const fact = await this.#tree.readText(this.#prefix + capturePath(path), bytesMax)
    return { ...fact, source: path }
  }

  async list(folder: string): Promise<Fact<readonly string[]>> {
    const listed = await this.#tree.readText(`${capturePath(folder)}/.list`, FILE_BYTES_MAX)
    if (listed.known) return known(listed.value.split('\n').filter(Boolean).sort(), folder)
    const names = await this.#tree.list(capturePath(folder))
    if (names === null) return unknown(MISSING, folder)
    return known([...new Set(names.map(withoutNote))].sort(), folder)
  }

  async readLink(path: string): Promise<Fact<string>> {
    const noted = await this.#tree.readText(`${capturePath(path)}.link`, FILE_BYTES_MAX)
    if (noted.known) return known(noted.value.trim(), path)
    const target = await this.#tree.readLink(capturePath(path))
    return target === null ? unknown(MISSING, path) : known(target, path)
  }

  async sizeOf(path: string): Promise<Fact<number>> {
    const noted = await this.#tree.readText(
      `${this.#prefix}${capturePath(path)}.size`,
      FILE_BYTES_MAX,
    )
    const size = noted.known ? Number(noted.value.trim()) : Number.NaN
    return Number.isSafeInteger(size) ? known(size, path) : unknown(MISSING, path)
  }

  async run(command: HostCommand): Promise<Fact<CommandOutput>> {
    const fact = await this.readText(`/commands/${command.name}.txt`, FILE_BYTES_MAX * 16)
    const source = command.argv.join(' ')
    if (!fact.known) return { ...fact, source }
    return known({ text: fact.value, truncated: false }, source)
  }

  async fetchMetrics(url: string): Promise<Fact<string>> {
    const fact = await this.readText(metricsPath(url), FILE_BYTES_MAX * 16)
    return { ...fact, source: url }
  }

  async advance(): Promise<number | null> {
    const names = await this.#tree.list(SECOND_MOMENT.slice(0, -1))
    if (names === null || names.length === 0) return null
    const note = await this.#tree.readText(CAPTURE_NOTE, FILE_BYTES_MAX)
    const windowMs = note.known ? windowOfNote(note.value) : null
    if (windowMs === null) return null
    this.#prefix = SECOND_MOMENT
    return windowMs
  }
}

function windowOfNote(text: string): number | null {
  try {
    const windowMs = (JSON.parse(text) as { windowMs?: unknown } | null)?.windowMs
    return typeof windowMs === 'number' && windowMs > 0 && windowMs < 86_400_000 ? windowMs : null
  } catch {
    return null
  }
}

function withoutNote(name: string): string {
  return name.replace(/\.(link|size)$/, '')
}
