/**
 * All addresses that the devices of a shard were ever told, each a target of its own, with what
 * became of the connections to it. It grows as nodes join; a target is never forgotten, because
 * rows hold its index.
 */
import { parseTarget, resolveTarget, type ResolvedTarget } from '../target/target-address.ts'
import type { DispatchedNode } from './dispatch-setup.ts'

/** Rows hold an index in a byte, and 0 means none. */
const TARGETS_MAX = 254
const NOTHING_COUNTED = { atStart: 0, welcomed: 0, lost: 0, moved: 0, failed: 0 }

/** Of one target, of the measured time. */
export interface TargetCounts {
  /** As the node calls itself; the address where nobody told. */
  node: string
  site: string
  /** Connections that were up when the measured time began. */
  atStart: number
  welcomed: number
  /** Connections that were up and ended without a word, or with another one than to move. */
  lost: number
  /** Devices that were told to go elsewhere (BYE 4300–4399). */
  moved: number
  failed: number
  /** Connections that came, less those that ended, in each second of the measured time. */
  changesBySecond: number[]
}

export class TargetTable {
  readonly targets: ResolvedTarget[]
  readonly counts: TargetCounts[]
  /** Devices told to move, in each second from the begin of the measured time on. */
  readonly movesBySecond: number[] = []
  #fromUs = Number.POSITIVE_INFINITY
  readonly #indexes = new Map<string, number>()
  readonly #onTarget: (target: ResolvedTarget) => void

  /** `onTarget` is called for each one that is added later. */
  constructor(targets: readonly ResolvedTarget[], onTarget: (target: ResolvedTarget) => void) {
    this.targets = [...targets]
    this.counts = targets.map(({ url }) => countsOf(url))
    this.#onTarget = onTarget
    for (const [index, { url }] of targets.entries()) this.#indexes.set(url, index)
  }

  /** Counts from zero; `alive` are the connections of each target that are up now. */
  begin(fromUs: number, alive: Uint32Array): void {
    this.#fromUs = fromUs
    this.movesBySecond.length = 0
    for (const [index, counts] of this.counts.entries()) {
      Object.assign(counts, { ...NOTHING_COUNTED, atStart: alive[index], changesBySecond: [] })
    }
  }

  async indexOfNode({ name, site, address }: DispatchedNode): Promise<number> {
    const index = await this.indexOf(address)
    if (index >= 0) Object.assign(this.counts[index], { node: name, site })
    return index
  }

  /** Of "host:port" or a ws URL; -1 where it is no address, or there are too many. */
  async indexOf(address: string): Promise<number> {
    const url = address.includes('://') ? address : `tcp://${address}`
    const known = this.#indexes.get(url)
    if (known !== undefined) return known
    const target = await resolved(url)
    if (target === null) return -1
    // Others may have asked for it meanwhile.
    const index = this.#indexes.get(url) ?? this.#indexes.get(target.url) ?? this.targets.length
    if (index > TARGETS_MAX) return -1
    if (index === this.targets.length) {
      this.targets.push(target)
      this.counts.push(countsOf(target.url))
      this.#onTarget(target)
    }
    this.#indexes.set(url, index)
    this.#indexes.set(target.url, index)
    return index
  }

  noteMove(target: number, atUs: number): void {
    if (atUs < this.#fromUs) return
    this.counts[target].moved += 1
    addToSecond(this.movesBySecond, atUs - this.#fromUs, 1)
  }

  /** `by` 1: a connection of the target came up; -1: it ended. */
  noteChange(target: number, by: 1 | -1, atUs: number): void {
    if (this.#fromUs === Number.POSITIVE_INFINITY) return
    // What came between begin() and its moment is in no other second.
    addToSecond(this.counts[target].changesBySecond, Math.max(0, atUs - this.#fromUs), by)
  }
}

function addToSecond(seconds: number[], us: number, by: number): void {
  const second = Math.floor(us / 1e6)
  while (seconds.length <= second) seconds.push(0)
  seconds[second] += by
}

async function resolved(url: string): Promise<ResolvedTarget | null> {
  try {
    return await resolveTarget(parseTarget(url))
  } catch {
    return null
  }
}

function countsOf(node: string): TargetCounts {
  return { node, site: '', ...NOTHING_COUNTED, changesBySecond: [] }
}
