/**
 * Whether a device that says HELLO here belongs elsewhere (BYE 4302). Only within the site of this
 * node, only to a node that is clearly below its bound, and only to one that comes before this one
 * in the ranking of the device: counts of other nodes are as old as their last lease, so each node
 * sees others of them, and a device that is only ever sent up its ranking is never sent in circles.
 */
import type { ClusterView, NodeRecord } from '../node-record.ts'
import type { NodeRanking } from './node-ranking.ts'
import { SiteRankings } from './site-rankings.ts'

/** Below LOAD_BOUND: what a node may hold, as a multiple of its share, and still be moved to. */
export const MOVE_BOUND = 1.15

export class StrictPlacement {
  readonly #view: ClusterView
  readonly #sites: SiteRankings
  #nodes: readonly NodeRecord[] | null = null
  #ranking: NodeRanking | undefined
  #own = -1

  constructor(view: ClusterView) {
    this.#view = view
    this.#sites = new SiteRankings(view)
  }

  /** The home of the device at `point`; null where it may stay. */
  homeElsewhere(point: number): NodeRecord | null {
    this.#readView()
    if (this.#ranking === undefined || this.#own < 0) return null
    const ranking = this.#ranking
    const home = ranking.homeOf(point, this.#own, MOVE_BOUND)
    const isBetter = ranking.scoreOf(point, home) > ranking.scoreOf(point, this.#own)
    return isBetter ? ranking.nodes[home] : null
  }

  #readView(): void {
    const nodes = this.#view.nodes()
    if (nodes === this.#nodes) return
    this.#nodes = nodes
    this.#ranking = this.#sites.of(this.#sites.ownSite)
    const { selfName } = this.#view
    this.#own = this.#ranking?.nodes.findIndex(({ name }) => name === selfName) ?? -1
  }
}

/**
 * Asked with the keyed hash of a device that says HELLO: null lets it stay, else the addresses that
 * BYE 4302 names.
 */
export function strictPlacement(
  view: ClusterView,
): (high: number, low: number) => readonly string[] | null {
  const placement = new StrictPlacement(view)
  // The same list for all devices of a home, so that a batch of moves carries it once.
  const lists = new WeakMap<NodeRecord, readonly string[]>()
  return (high) => {
    const home = placement.homeElsewhere(devicePoint(high))
    if (home === null) return null
    const { tcp, ws } = home.addresses
    const list = lists.get(home) ?? [...tcp, ...ws]
    lists.set(home, list)
    return list
  }
}

/** The point of a device whose keyed 64-bit hash begins with `high`. */
export function devicePoint(high: number): number {
  return high >>> 0
}
