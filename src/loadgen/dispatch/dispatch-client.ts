/**
 * What a device asks over HTTP before it connects: its set of nodes, and which of them answers a
 * probe first. Connections to the nodes are kept and shared by all devices of a shard; a real
 * device would open its own, so the node's HTTP side works less here than in the field.
 */
import { Agent, request } from 'undici'
import { type DispatchedNode, type DispatchSetup, SET_NODES_MAX } from './dispatch-setup.ts'

const ASK_LIMIT_MS = 5_000
/** A full node answers a probe after 0.5 s. */
const PROBE_LIMIT_MS = 2_000
const CONNECTIONS_PER_NODE = 32

export class DispatchClient {
  /** Why the last question was not answered with a set. */
  lastFailure = ''
  readonly #setup: DispatchSetup
  readonly #agent = new Agent({ connections: CONNECTIONS_PER_NODE, pipelining: 1 })
  readonly #urls: string[]
  #turn = 0

  constructor(setup: DispatchSetup) {
    this.#setup = setup
    this.#urls = [...setup.urls]
  }

  /** Best first; empty where nobody answers, or no node takes devices. Never rejects. */
  async ask(deviceId: string, retried: number): Promise<readonly DispatchedNode[]> {
    const query = new URLSearchParams({ device: deviceId, retried: String(retried) })
    if (this.#setup.site !== '') query.set('site', this.#setup.site)
    for (let tries = 0; tries < this.#urls.length; tries++) {
      const url = this.#urls[this.#turn % this.#urls.length]
      const nodes = await this.#askOne(`${url}/v1/dispatch?${query}`)
      if (nodes !== null) {
        this.#learn(nodes)
        return nodes
      }
      this.#turn += 1
    }
    return []
  }

  /** The place in `nodes` of whoever answers first; 0 where none does. Never rejects. */
  async race(nodes: readonly DispatchedNode[]): Promise<number> {
    if (!this.#setup.races || nodes.length < 2) return 0
    const over = new AbortController()
    const probes = nodes.map(async ({ probe }, place) => {
      const signal = AbortSignal.any([over.signal, AbortSignal.timeout(PROBE_LIMIT_MS)])
      const { statusCode, body } = await request(probe, { dispatcher: this.#agent, signal })
      await body.dump()
      if (statusCode !== 200) throw new Error(`status ${statusCode}`)
      return place
    })
    const first = await Promise.any(probes).catch(() => 0)
    over.abort()
    return first
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  /** null: another one may answer. */
  async #askOne(url: string): Promise<readonly DispatchedNode[] | null> {
    try {
      const signal = AbortSignal.timeout(ASK_LIMIT_MS)
      const { statusCode, body } = await request(url, { dispatcher: this.#agent, signal })
      const text = await body.text()
      if (statusCode === 200) return nodesFrom(JSON.parse(text), this.#setup.carrier)
      this.lastFailure = `${new URL(url).origin} answered with status ${statusCode}`
      return null
    } catch (error) {
      this.lastFailure = `${new URL(url).origin}: ${(error as Error).message}`
      return null
    }
  }

  /** Every node answers for all, so each that was seen can be asked when the first one is gone. */
  #learn(nodes: readonly DispatchedNode[]): void {
    for (const { probe } of nodes) {
      const { origin } = new URL(probe)
      if (!this.#urls.includes(origin)) this.#urls.push(origin)
    }
  }
}

interface AnsweredNode {
  readonly name: string
  readonly site: string
  readonly addresses: { readonly tcp: readonly string[]; readonly ws: readonly string[] }
  readonly probe: string
}

/** Nodes without an address for the carrier are left out. */
function nodesFrom(answer: unknown, carrier: 'tcp' | 'ws'): DispatchedNode[] {
  const { nodes } = answer as { nodes: readonly AnsweredNode[] }
  return nodes
    .map(({ name, site, addresses, probe }) => ({
      name,
      site,
      address: addresses[carrier][0],
      probe,
    }))
    .filter(({ address }) => address !== undefined)
    .slice(0, SET_NODES_MAX)
}
