/**
 * The drain of a node: all shards send their devices away, and it is over when the last one has.
 */
import type { RunningShard } from './shard-group.ts'

export class NodeDrain {
  /** Of the whole node; 0: as fast as possible, or there is none. */
  devicesPerSecond = 0
  /** Shards that still have devices to send away. */
  readonly #draining = new Set<RunningShard>()
  #waiting: (() => void)[] = []

  get isRunning(): boolean {
    return this.#draining.size > 0
  }

  /** Resolves when all devices are gone. */
  begin(
    shards: readonly RunningShard[],
    devicesPerSecond: number,
    code: number,
    addresses: readonly string[],
  ): Promise<void> {
    this.devicesPerSecond = devicesPerSecond
    if (shards.length === 0) return Promise.resolve()
    const share = devicesPerSecond / shards.length
    for (const shard of shards) {
      this.#draining.add(shard)
      shard.link.post({ kind: 'drain', devicesPerSecond: share, code, addresses })
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The shard has none left, or died. */
  onDrained(shard: RunningShard): void {
    this.#draining.delete(shard)
    if (this.isRunning) return
    for (const resolve of this.#waiting) resolve()
    this.#waiting = []
  }
}
