/**
 * A YAML file of settings as a layer. Keys are flag names; a key that is the name of a verb holds
 * settings of that verb only. The tree is walked node by node (for file:line:column in messages)
 * and never turned into plain objects, so neither __proto__ keys nor alias bombs have anything to
 * work on. The yaml package loads only when a file is read.
 */
import { open } from 'node:fs/promises'
import type * as Yaml from 'yaml'
import type { Alias, Document, LineCounter, Node, Pair, YAMLMap } from 'yaml'
import type { ErrorCode } from '../errors/error-codes.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { Layer, LayerEntry } from './layers.ts'
import { nearestName } from './nearest.ts'
import type { OptionTable } from './option-table.ts'
import type { RawValue } from './option-value.ts'
import type { SourceKind } from './sources.ts'

/**
 * A hand-written file has some hundred lines; this only keeps a wrong path from filling the memory.
 */
export const CONFIG_FILE_BYTES_MAX = 1024 * 1024
/** Values of one key. */
const LIST_ITEMS_MAX = 10_000
/** Each alias costs a walk over the whole document. */
const ALIASES_MAX = 100

export interface ConfigFileRequest {
  /** As given by the user: messages name it so. */
  readonly path: string
  readonly table: OptionTable
  readonly verb: string
  /** All verbs: keys that may open a section. */
  readonly verbs: readonly string[]
  readonly kind: SourceKind & ('file' | 'profile')
  /** Keys that are no setting, for example the description of a profile. */
  readonly ignoredKeys?: readonly string[]
}

export interface ConfigFileLayer {
  readonly layer: Layer
  readonly faults: readonly PushctlError[]
}

/**
 * Reads and walks the file. What is wrong with it, an unreadable file included, comes back as
 * faults.
 */
export async function readConfigFile(request: ConfigFileRequest): Promise<ConfigFileLayer> {
  const faults: PushctlError[] = []
  const layer = new Map<string, LayerEntry>()
  try {
    const text = await readLimited(request.path)
    await new ConfigWalk(request, layer, faults).walk(text)
  } catch (error) {
    if (!(error instanceof PushctlError)) throw error
    faults.push(error)
  }
  return { layer, faults }
}

async function readLimited(path: string): Promise<string> {
  let file
  try {
    file = await open(path, 'r')
    if ((await file.stat()).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    const buffer = Buffer.allocUnsafe(CONFIG_FILE_BYTES_MAX + 1)
    let filled = 0
    for (;;) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled)
      filled += bytesRead
      if (bytesRead === 0 || filled > CONFIG_FILE_BYTES_MAX) break
    }
    if (filled <= CONFIG_FILE_BYTES_MAX) return buffer.toString('utf8', 0, filled)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new PushctlError('PUSHCTL_FILE_UNREADABLE', `${path} cannot be read: ${reason}`, {
      cause,
    })
  } finally {
    await file?.close()
  }
  throw new PushctlError('PUSHCTL_CONFIG_FILE', `${path} must be at most 1 MiB, got more`)
}

class ConfigWalk {
  readonly #request: ConfigFileRequest
  readonly #layer: Map<string, LayerEntry>
  readonly #faults: PushctlError[]
  #lines!: LineCounter
  #document!: Document
  #yaml!: typeof Yaml
  #aliasCount = 0

  constructor(request: ConfigFileRequest, layer: Map<string, LayerEntry>, faults: PushctlError[]) {
    this.#request = request
    this.#layer = layer
    this.#faults = faults
  }

  async walk(text: string): Promise<void> {
    this.#yaml = await import('yaml')
    this.#lines = new this.#yaml.LineCounter()
    try {
      this.#document = this.#yaml.parseDocument(text, {
        lineCounter: this.#lines,
        prettyErrors: false,
        logLevel: 'silent',
        // Its own check compares each key with each other one; #walkMap needs a Set.
        uniqueKeys: false,
      })
    } catch (cause) {
      // The parser recurses: a file of 100,000 opening brackets ends in a RangeError.
      throw new PushctlError(this.#code(), `${this.#request.path} is nested too deeply`, { cause })
    }
    for (const error of this.#document.errors) this.#fault(error.pos[0], error.message)
    if (this.#document.errors.length > 0 || this.#document.contents === null) return
    const top = this.#document.contents
    if (this.#yaml.isMap(top)) this.#walkMap(top, true)
    else this.#fault(offsetOf(top), 'the file must be a list of `key: value` lines')
  }

  #walkMap(map: YAMLMap, isTop: boolean): void {
    const seen = new Set<string>()
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = this.#yaml.isScalar(pair.key) ? String(pair.key.value) : null
      const at = offsetOf(pair.key)
      if (key === null) this.#fault(at, 'a key must be a word')
      else if (seen.has(key)) this.#fault(at, `the key ${JSON.stringify(key)} is given twice`)
      else if (isTop && this.#request.verbs.includes(key)) this.#walkSection(key, pair.value)
      else if (!this.#request.ignoredKeys?.includes(key)) this.#walkSetting(key, at, pair.value)
      if (key !== null) seen.add(key)
    }
  }

  #walkSection(verb: string, value: Node | null): void {
    if (verb !== this.#request.verb || value === null) return
    if (this.#yaml.isMap(value)) this.#walkMap(value, false)
    else this.#fault(offsetOf(value), `the section ${verb} must hold \`key: value\` lines`)
  }

  #walkSetting(key: string, at: number, value: Node | null): void {
    const flags = Object.values(this.#request.table).map((row) => row.flag)
    if (!flags.includes(key)) {
      const nearest = nearestName(key, flags)
      const hint = nearest === null ? {} : { tries: [`${nearest}: …`] }
      this.#fault(at, `unknown key ${JSON.stringify(key.slice(0, 60))}`, hint)
      return
    }
    const place = this.#place(value === null ? at : offsetOf(value))
    const values = this.#valuesOf(value)
    if (values === null) {
      this.#fault(at, `${key} must be one value or a list of values`)
      return
    }
    const source = { kind: this.#request.kind, text: place }
    this.#layer.set(key, { values, source, name: `${place}: ${key}` })
  }

  #valuesOf(node: Node | null): readonly RawValue[] | null {
    const value = this.#follow(node)
    if (value === null) return [null]
    if (!this.#yaml.isSeq(value)) {
      const raw = this.#scalarOf(value)
      return raw === undefined ? null : [raw]
    }
    if (value.items.length > LIST_ITEMS_MAX) return null
    const values: RawValue[] = []
    for (const item of value.items) {
      const raw = this.#scalarOf(this.#follow(item as Node | null))
      if (raw === undefined) return null
      values.push(raw)
    }
    return values
  }

  /** A number keeps its spelling, so that a token 0123 or a count 1_000 is what was typed. */
  #scalarOf(node: Node | null): RawValue | undefined {
    if (node === null) return null
    if (!this.#yaml.isScalar(node)) return undefined
    const { value, source } = node
    if (typeof value === 'number' || typeof value === 'bigint') return source ?? String(value)
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    return undefined
  }

  #follow(node: Node | null): Node | null {
    if (!this.#yaml.isAlias(node)) return node
    this.#aliasCount += 1
    if (this.#aliasCount <= ALIASES_MAX) return (node as Alias).resolve(this.#document) ?? null
    const limit = `${this.#request.path} must have at most ${ALIASES_MAX} aliases, got more`
    throw new PushctlError(this.#code(), limit)
  }

  #fault(offset: number, message: string, details: { tries?: readonly string[] } = {}): void {
    this.#faults.push(new PushctlError(this.#code(), `${this.#place(offset)}: ${message}`, details))
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset)
    return `${this.#request.path}:${line}:${col}`
  }

  #code(): ErrorCode {
    return this.#request.kind === 'profile' ? 'PUSHCTL_PROFILE' : 'PUSHCTL_CONFIG_FILE'
  }
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0
}
