/**
 * The entries of the log that are meant for one device, in order: those to all and those of its
 * tags, merged. One object for the whole shard; a step costs a look at each tag of the device.
 */
import type { Slot } from '../../engine/socket-engine.ts'
import { LIMITS } from '../../protocol/frame-types.ts'
import type { TagIndex } from '../tag-index.ts'
import type { TagChains } from './tag-chains.ts'

const CHAINS_MAX = LIMITS.tagCountMax + 1

export class DeviceScan {
  readonly #chains: TagChains
  readonly #tags: TagIndex
  /** Where each chain stands; those that are over are taken out. */
  readonly #heads = new Float64Array(CHAINS_MAX)
  #count = 0

  constructor(chains: TagChains, tags: TagIndex) {
    this.#chains = chains
    this.#tags = tags
  }

  begin(slot: Slot, afterSeq: number): void {
    this.#count = 0
    this.#add(this.#chains.oldestAfter(0, 0, afterSeq))
    const { highs, lows } = this.#tags.hashes
    const count = Math.min(this.#tags.readHashes(slot), LIMITS.tagCountMax)
    for (let at = 0; at < count; at++) {
      this.#add(this.#chains.oldestAfter(highs[at], lows[at], afterSeq))
    }
  }

  /** 0: that was the last one. */
  next(): number {
    const heads = this.#heads
    let seq = 0
    let from = 0
    for (let at = 0; at < this.#count; at++) {
      if (seq !== 0 && heads[at] >= seq) continue
      seq = heads[at]
      from = at
    }
    if (seq === 0) return 0
    const following = this.#chains.nextOf(seq)
    if (following !== 0) heads[from] = following
    else heads[from] = heads[--this.#count]
    return seq
  }

  #add(seq: number): void {
    if (seq !== 0) this.#heads[this.#count++] = seq
  }
}
