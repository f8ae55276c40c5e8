/**
 * The nodes of a cluster by site, ready ones only: made anew when the view has read the leases
 * again, so that a HELLO or a request costs no grouping.
 */
import type { ClusterView, NodeRecord } from '../node-record.ts'
import { mix32, pointOfName } from './name-point.ts'
import { NodeRanking } from './node-ranking.ts'

interface Site {
  readonly name: string
  readonly point: number
  readonly ranking: NodeRanking
}

export class SiteRankings {
  readonly #view: ClusterView
  #nodes: readonly NodeRecord[] | null = null
  #sites: ReadonlyMap<string, Site> = new Map()

  /** Where `nodes()` gives another array each time, each call groups again. */
  constructor(view: ClusterView) {
    this.#view = view
  }

  /** Of the node that asks; '' where it is not among those whose lease holds. */
  get ownSite(): string {
    return this.self?.site ?? ''
  }

  get self(): NodeRecord | undefined {
    const { selfName } = this.#view
    return this.#view.nodes().find(({ name }) => name === selfName)
  }

  /** undefined: no node of that site takes devices. */
  of(site: string): NodeRanking | undefined {
    return this.#read().get(site)?.ranking
  }

  /**
   * The rankings of all sites: `site` first, the others in an order of the device's own, so that
   * the devices of a lost site spread over all that are left.
   */
  inOrder(site: string, point: number): NodeRanking[] {
    const sites = [...this.#read().values()]
    const placeOf = ({ name, point: sitePoint }: Site): number =>
      name === site ? -1 : mix32(point ^ sitePoint)
    return sites.sort((a, b) => placeOf(a) - placeOf(b)).map(({ ranking }) => ranking)
  }

  #read(): ReadonlyMap<string, Site> {
    const nodes = this.#view.nodes()
    if (nodes === this.#nodes) return this.#sites
    this.#nodes = nodes
    const ready = nodes.filter(({ state }) => state === 'ready')
    const names = new Set(ready.map(({ site }) => site))
    const sites = [...names].map((name): [string, Site] => {
      const ranking = new NodeRanking(ready.filter(({ site }) => site === name))
      return [name, { name, point: pointOfName(`site ${name}`), ranking }]
    })
    this.#sites = new Map(sites)
    return this.#sites
  }
}
