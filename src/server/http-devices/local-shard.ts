/**
 * A shard on the main thread, behind the same link as those in threads and processes: messages wait
 * for the next turn, as if they crossed a border. What counts for the whole process is left out of
 * its samples, because the main thread counts it already.
 */
import type { ShardExit, ShardLink } from '../../engine/shard-host.ts'
import { Shard } from '../shard.ts'
import type { ShardConfiguration, ShardDown, ShardSample, ShardUp } from '../shard-messages.ts'
import { HttpEngine } from './http-engine.ts'

export class LocalShard implements ShardLink<ShardDown, ShardUp> {
  readonly index: number
  readonly kind = 'thread'
  readonly pid = process.pid
  #engine: HttpEngine | undefined
  #shard: Shard | undefined
  #listener: (message: ShardUp) => void = () => {}
  readonly #exitListeners: ((exit: ShardExit) => void)[] = []
  #isGone = false

  constructor(index: number) {
    this.index = index
  }

  /** There from the moment on that the shard listens. */
  get engine(): HttpEngine | undefined {
    return this.#engine
  }

  post(message: ShardDown): void {
    setImmediate(() => this.#onDown(message))
  }

  onMessage(listener: (message: ShardUp) => void): void {
    this.#listener = listener
  }

  onExit(listener: (exit: ShardExit) => void): void {
    this.#exitListeners.push(listener)
  }

  async kill(): Promise<void> {
    if (!this.#isGone) await this.#stop()
  }

  #onDown(message: ShardDown): void {
    if (this.#isGone) return
    if (message.kind === 'configure') void this.#configure(message.configuration)
    else if (message.kind === 'stop') void this.#stop()
    else this.#shard?.onMessage(message)
  }

  async #configure(configuration: ShardConfiguration): Promise<void> {
    this.#shard = new Shard(
      configuration,
      (message) => setImmediate(() => this.#listener(this.#shown(message))),
      (options, handler) => {
        this.#engine = new HttpEngine(options, handler)
        return this.#engine
      },
    )
    await this.#shard.start()
  }

  async #stop(): Promise<void> {
    this.#isGone = true
    await this.#shard?.stop()
    for (const listener of this.#exitListeners) listener({ code: 0, signal: null, error: null })
  }

  #shown(message: ShardUp): ShardUp {
    if (message.kind !== 'sample') return message
    const { census } = message.sample
    const carriers = { ...this.#engine?.carriers() }
    const sample: ShardSample = {
      ...message.sample,
      census: census === null ? null : { ...census, carriers },
      histograms: null,
      rssBytes: 0,
      heapUsedBytes: 0,
      externalBytes: 0,
      cpuUs: 0,
    }
    return { ...message, sample }
  }
}
