/**
 * Which nodes a device is told to try, best first: its home, then others of its own ranking by
 * load, and one of another site last. Always the same for the same nodes and loads, so a device
 * that asks again comes back to where it is (sticky), without a look into the registry.
 */
import type { ClusterView, NodeRecord } from '../node-record.ts'
import type { NodeRanking } from './node-ranking.ts'
import { SiteRankings } from './site-rankings.ts'

/** Nodes of one site in a set; one of another site comes on top. */
const SITE_NODES_MAX = 3

export interface DispatchWish {
  /** Of the device: 32 bits of its keyed hash, the same on all nodes. */
  readonly point: number
  /** Where the device is near; '': where the node is that was asked. */
  readonly site: string
  /** Sets that the device has tried in vain: each leads with another site, or another node. */
  readonly retried: number
}

export class Dispatcher {
  readonly #sites: SiteRankings

  constructor(view: ClusterView) {
    this.#sites = new SiteRankings(view)
  }

  /** Empty where no node takes devices. */
  nodesFor({ point, site, retried }: DispatchWish): readonly NodeRecord[] {
    const sites = this.#sites.inOrder(site === '' ? this.#sites.ownSite : site, point)
    if (sites.length === 0) return []
    const first = retried % sites.length
    // With every site tried once, the next round leads with other nodes of them.
    const rounds = Math.floor(retried / sites.length)
    const set = nodesOfSite(sites[first], point, rounds)
    if (sites.length === 1) return set
    const other = sites[first === 0 ? 1 : 0]
    return [...set, other.nodes[other.homeOf(point)]]
  }
}

function nodesOfSite(ranking: NodeRanking, point: number, rounds: number): NodeRecord[] {
  const { nodes } = ranking
  const home = ranking.homeOf(point)
  const others = ranking
    .firstOf(point, SITE_NODES_MAX + 1)
    .filter((index) => index !== home)
    .slice(0, SITE_NODES_MAX - 1)
    .map((index) => nodes[index])
    .sort((a, b) => a.load - b.load)
  const set = [nodes[home], ...others]
  const lead = rounds % set.length
  return [...set.slice(lead), ...set.slice(0, lead)]
}
