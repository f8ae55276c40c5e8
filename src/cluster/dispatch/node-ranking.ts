/**
 * Consistent hash with bounded load over the nodes of one site: weighted rendezvous, no ring and no
 * virtual nodes. Each device ranks all nodes by a hash of both; its home is the first of them that
 * has room:
 *
 *   score(device, node) = ln(u) / w      u: hash of both in (0, 1), w: devicesMax of the node
 *   room(node)          = devicesOnline < min(devicesMax, ceil(c × (m + 1) × w / W)), load < 1
 *
 * m and W are devices and devicesMax of all nodes, c is the bound. W counts a node that came lately
 * only as far as it is filled: else a node that joins two or three full ones would put all of them
 * over the bound, and draw every device instead of its share. A node that joins or leaves
 * moves only its own share. The cost is a pass over the nodes for a device (some 20 ns a node),
 * where a ring has log n and 100 times the table; for hundreds of nodes that is less than one hash
 * of JSON.
 */
import type { NodeRecord } from '../node-record.ts'
import { mix32, pointOfName } from './name-point.ts'

/** A node takes so many times its share before devices go on to the next of their ranking. */
export const LOAD_BOUND = 1.25
/** A node is new for so long, unless more than half of them are. */
const NEW_MS = 3_600_000
/** To spread 2^32 hashes over (0, 1) without its ends. */
const HASHES = 2 ** 32

export class NodeRanking {
  readonly nodes: readonly NodeRecord[]
  readonly #points: Uint32Array
  readonly #weights: Float64Array
  readonly #online: Float64Array
  readonly #devices: number
  readonly #weight: number

  /** Of nodes that take devices, in any order: the order changes no answer. */
  constructor(nodes: readonly NodeRecord[]) {
    this.nodes = nodes
    this.#points = Uint32Array.from(nodes, ({ name }) => pointOfName(name))
    this.#weights = Float64Array.from(nodes, ({ devicesMax }) => Math.max(1, devicesMax))
    this.#online = Float64Array.from(nodes, ({ devicesOnline }) => devicesOnline)
    this.#devices = this.#online.reduce((sum, count) => sum + count, 0)
    this.#weight = this.#settledWeight()
  }

  /** Devices that a node takes before others of their ranking do. */
  roomOf(index: number, bound = LOAD_BOUND): number {
    const share = ((this.#devices + 1) * this.#weights[index]) / this.#weight
    return Math.min(this.#weights[index], Math.ceil(bound * share))
  }

  hasRoom(index: number, bound = LOAD_BOUND): boolean {
    return this.#online[index] < this.roomOf(index, bound) && this.nodes[index].load < 1
  }

  /**
   * Index of the node where a device should be; -1 without nodes. Where none has room it is the
   * least loaded one, which may then refuse. `own` has room up to the bound, others to
   * `boundOfOthers`: a lower one keeps devices where they are until moving them is worth it.
   */
  homeOf(point: number, own = -1, boundOfOthers = LOAD_BOUND): number {
    let home = -1
    let best = Number.NEGATIVE_INFINITY
    for (let index = 0; index < this.nodes.length; index++) {
      const score = this.scoreOf(point, index)
      if (score <= best) continue
      if (!this.hasRoom(index, index === own ? LOAD_BOUND : boundOfOthers)) continue
      best = score
      home = index
    }
    if (home >= 0) return home
    return own >= 0 ? own : this.#leastLoaded()
  }

  /** Indexes of the `count` nodes that come first for a device, whether they have room or not. */
  firstOf(point: number, count: number): number[] {
    const scores = this.nodes.map((_, index) => this.scoreOf(point, index))
    const order = scores.map((_, index) => index).sort((a, b) => scores[b] - scores[a])
    return order.slice(0, count)
  }

  /** Negative; the larger the better. */
  scoreOf(point: number, index: number): number {
    const hash = mix32(point ^ this.#points[index])
    return Math.log((hash + 0.5) / HASHES) / this.#weights[index]
  }

  #settledWeight(): number {
    const all = this.#weights.reduce((sum, weight) => sum + weight, 0)
    const mean = this.#devices / all
    let ofNew = 0
    let unfilled = 0
    for (const [index, { seenAtMs, startedAtMs }] of this.nodes.entries()) {
      if (seenAtMs - startedAtMs >= NEW_MS) continue
      const weight = this.#weights[index]
      ofNew += weight
      if (mean > 0) unfilled += Math.max(0, weight - this.#online[index] / mean)
    }
    return ofNew > all / 2 ? all : all - unfilled
  }

  #leastLoaded(): number {
    let least = -1
    for (let index = 0; index < this.nodes.length; index++) {
      if (least < 0 || this.nodes[index].load < this.nodes[least].load) least = index
    }
    return least
  }
}
