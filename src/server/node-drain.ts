/**
 * The drain of a node: it takes no new devices, all shards send theirs away, and that is over when
 * the last one has; the node goes on draining until it is taken back. Each shard has a share of the
 * rate by the devices it holds, divided anew with each sample, so that all are empty at the same
 * time: with equal shares the fuller ones would go on alone, at a part of the rate.
 */
import { BYE } from '../protocol/frame-types.ts'
import type { RunningShard, ShardGroup } from './shard-group.ts'

/** Of a shard that seems to be empty, because 0 is all at once: a device may have come since. */
const SHARE_MIN = 0.1

export interface DrainOrder {
  /** Of the whole node; 0: as fast as possible. */
  readonly devicesPerSecond: number
  readonly code: number
  /** Where devices are told to go. */
  readonly addresses: readonly string[]
}

/** What is known of a shard; missing: it has not been asked yet. */
export interface CountedShard {
  readonly shard: RunningShard
  readonly sample: { readonly totals: { readonly devicesOnline: number } }
}

export interface NodeDrainParts {
  readonly group: Pick<ShardGroup, 'alive' | 'stopRestarting'>
  readonly admission: { closedWith: number }
  /** The last samples of the shards. */
  readonly ledger: { readonly latest: readonly CountedShard[] }
  /** It began, is over or was taken back: shards are to be counted, and others told. */
  onChange(): void
}

export class NodeDrain {
  /** Of the whole node; 0: as fast as possible, or there is none. */
  devicesPerSecond = 0
  /** From its begin until it is taken back. */
  isOn = false
  /** Shards that still have devices to send away. */
  readonly #draining = new Set<RunningShard>()
  #waiting: (() => void)[] = []
  readonly #parts: NodeDrainParts
  /** The node ends: it is not taken back. */
  #isFinal = false

  constructor(parts: NodeDrainParts) {
    this.#parts = parts
  }

  /** Resolves when all devices are gone, or the drain was taken back. */
  begin({ devicesPerSecond, code, addresses }: DrainOrder): Promise<void> {
    const { group, admission, onChange } = this.#parts
    this.isOn = true
    this.devicesPerSecond = devicesPerSecond
    admission.closedWith = code
    if (code === BYE.SHUTDOWN) {
      this.#isFinal = true
      group.stopRestarting()
    }
    const shards = group.alive
    const shares = this.#shares(shards)
    for (const [i, shard] of shards.entries()) {
      this.#draining.add(shard)
      shard.link.post({ kind: 'drain', devicesPerSecond: shares[i], code, addresses })
    }
    onChange()
    if (shards.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Shards were counted again. */
  divide(): void {
    if (this.#draining.size === 0 || this.devicesPerSecond === 0) return
    const shards = [...this.#draining]
    const shares = this.#shares(shards)
    for (const [i, shard] of shards.entries()) {
      shard.link.post({ kind: 'drain-rate', devicesPerSecond: shares[i] })
    }
  }

  /** Devices that are left stay. False: the node is shutting down. */
  cancel(): boolean {
    if (this.#isFinal) return false
    if (!this.isOn) return true
    this.isOn = false
    this.#parts.admission.closedWith = 0
    for (const { link } of this.#parts.group.alive) link.post({ kind: 'drain-stop' })
    this.#draining.clear()
    this.devicesPerSecond = 0
    this.#settle()
    this.#parts.onChange()
    return true
  }

  /** The shard has none left, or died. */
  onDrained(shard: RunningShard): void {
    const wasRunning = this.#draining.delete(shard)
    if (!wasRunning || this.#draining.size > 0) return
    this.#settle()
    this.#parts.onChange()
  }

  #settle(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting = []
  }

  #shares(shards: readonly RunningShard[]): number[] {
    const rate = this.devicesPerSecond
    if (rate === 0) return shards.map(() => 0)
    const counts = new Map(
      this.#parts.ledger.latest.map(({ shard, sample }) => [shard, sample.totals.devicesOnline]),
    )
    const devices = shards.map((shard) => counts.get(shard) ?? 0)
    const all = devices.reduce((sum, count) => sum + count, 0)
    if (all === 0) return shards.map(() => rate / shards.length)
    return devices.map((count) => Math.max(SHARE_MIN, (rate * count) / all))
  }
}
