/**
 * Memory of both sides while connections come up; the slope is the memory of one connection. Asking
 * costs each shard and the node a message, so many shards are asked less often.
 */
import type { ShardKind } from '../engine/shard-host.ts'
import type { MemorySample } from './memory-slope.ts'
import type { NodeFacts } from './node-api.ts'
import type { ShardGroup } from './shard-group.ts'

export class MemorySampler {
  readonly generator: MemorySample[] = []
  readonly target: MemorySample[] = []
  readonly #shards: ShardGroup
  readonly #kind: ShardKind
  readonly #askTarget: () => Promise<NodeFacts | null>
  #timer: NodeJS.Timeout | null = null
  #isAsking = false

  constructor(shards: ShardGroup, kind: ShardKind, askTarget: () => Promise<NodeFacts | null>) {
    this.#shards = shards
    this.#kind = kind
    this.#askTarget = askTarget
  }

  /** Threads share the memory of this process; processes have their own. */
  generatorBytes(): number {
    const own = process.memoryUsage.rss()
    if (this.#kind === 'thread') return own
    return own + this.#shards.sum((progress) => progress.rssBytes)
  }

  start(periodMs: number): void {
    this.#timer = setInterval(() => this.#sample(), periodMs)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  #sample(): void {
    this.#shards.ask()
    const connections = this.#shards.alive
    this.generator.push({ connections, bytes: this.generatorBytes() })
    if (this.#isAsking) return
    this.#isAsking = true
    void this.#askTarget().then((facts) => {
      this.#isAsking = false
      if (facts?.rssBytes != null) this.target.push({ connections, bytes: facts.rssBytes })
    })
  }
}
