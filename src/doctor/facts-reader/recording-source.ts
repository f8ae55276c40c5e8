/**
 * Passes reads through and keeps what came back, in the layout of a capture. Only what doctor reads
 * is kept, which is a list of counters and settings: no key, no environment and no content of a
 * connection is among them. A file that is asked for twice in one moment is read once, so that
 * facts read live and facts read from the capture are the same.
 */
import { type Fact, known } from '../fact.ts'
import type { FactsOrigin } from '../facts.ts'
import { capturePath, metricsPath } from './capture-path.ts'
import { CAPTURE_NOTE, SECOND_MOMENT } from './captured-source.ts'
import type { CommandOutput, FactSource, HostCommand } from './fact-source.ts'

export class RecordingSource implements FactSource {
  readonly origin: FactsOrigin
  /** Relative path → content. */
  readonly files = new Map<string, string>()
  readonly #source: FactSource
  #prefix = ''

  constructor(source: FactSource) {
    this.#source = source
    this.origin = source.origin
  }

  async readText(path: string, bytesMax?: number): Promise<Fact<string>> {
    const kept = this.files.get(this.#prefix + capturePath(path))
    if (kept !== undefined) return known(kept, path)
    const fact = await this.#source.readText(path, bytesMax)
    if (fact.known) this.#keep(path, fact.value)
    return fact
  }

  async list(folder: string): Promise<Fact<readonly string[]>> {
    const fact = await this.#source.list(folder)
    if (fact.known) this.files.set(`${capturePath(folder)}/.list`, `${fact.value.join('\n')}\n`)
    return fact
  }

  async readLink(path: string): Promise<Fact<string>> {
    const fact = await this.#source.readLink(path)
    // Descriptors are looked at by the hundred, and mean nothing elsewhere.
    const isDescriptor = /^\/proc\/\d+\/fd\//.test(path)
    if (fact.known && !isDescriptor) {
      this.files.set(`${capturePath(path)}.link`, `${fact.value}\n`)
    }
    return fact
  }

  async sizeOf(path: string): Promise<Fact<number>> {
    const fact = await this.#source.sizeOf(path)
    if (fact.known) this.#keep(`${path}.size`, `${fact.value}\n`)
    return fact
  }

  async run(command: HostCommand): Promise<Fact<CommandOutput>> {
    const fact = await this.#source.run(command)
    if (fact.known) this.#keep(`/commands/${command.name}.txt`, fact.value.text)
    return fact
  }

  async fetchMetrics(url: string): Promise<Fact<string>> {
    const fact = await this.#source.fetchMetrics(url)
    if (fact.known) this.#keep(metricsPath(url), fact.value)
    return fact
  }

  async advance(windowMs: number, firstAtMs: number): Promise<number | null> {
    const passedMs = await this.#source.advance(windowMs, firstAtMs)
    if (passedMs !== null) {
      this.#prefix = SECOND_MOMENT
      const note = { schema: 'pushctl.capture/1', host: this.origin.name, windowMs: passedMs }
      this.files.set(CAPTURE_NOTE, `${JSON.stringify(note, null, 2)}\n`)
    }
    return passedMs
  }

  #keep(path: string, text: string): void {
    this.files.set(this.#prefix + capturePath(path), text)
  }
}
