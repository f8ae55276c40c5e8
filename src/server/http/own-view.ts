/**
 * The cluster of one: a node without --cluster as its own dispatch sees it. Addresses are those it
 * listens on; where that is every address (0.0.0.0), the name by which the asker found it.
 */
import type { NodeRecord } from '../../cluster/node-record.ts'
import type { NodeControl, NodeDescription } from '../node-control.ts'

/** What a description of the node does not say. */
export interface OwnPlaces {
  /** Instead of the addresses that the node listens on; empty: those. */
  readonly advertised: {
    readonly tcp: readonly string[]
    readonly ws: readonly string[]
    readonly http: string
  }
  /** Its WebSocket listeners with TLS, as host:port. */
  readonly wss: readonly string[]
}

const AS_LISTENED: OwnPlaces = { advertised: { tcp: [], ws: [], http: '' }, wss: [] }

/** A description asks all shards, so it is kept for this long. */
const KEPT_MS = 1_000

export class OwnView {
  readonly #control: NodeControl
  readonly #places: OwnPlaces
  #described: Promise<NodeDescription> | null = null
  #describedMs = 0

  constructor(control: NodeControl, places = AS_LISTENED) {
    this.#control = control
    this.#places = places
  }

  /** `host` is the Host header of who asks. */
  async record(host: string): Promise<NodeRecord> {
    return this.#recordOf(await this.#describe(), host.replace(/:\d*$/, ''))
  }

  /** Devices that are here, as a share of those that may be. */
  async load(): Promise<number> {
    return this.#loadOf(await this.#describe())
  }

  #loadOf({ connectionsMax }: NodeDescription): number {
    return this.#control.counters().devicesOnline / Math.max(1, connectionsMax)
  }

  #describe(): Promise<NodeDescription> {
    const nowMs = performance.now()
    if (this.#described !== null && nowMs - this.#describedMs <= KEPT_MS) return this.#described
    const described = this.#control.describe()
    this.#described = described
    this.#describedMs = nowMs
    // A failure is for those who wait for it now.
    described.catch(() => {
      this.#described = null
    })
    return described
  }

  #recordOf(node: NodeDescription, host: string): NodeRecord {
    const { listeners } = node
    const { advertised, wss } = this.#places
    const reach = (address: string): string =>
      address.replace(/^(0\.0\.0\.0|\[::\])(?=:\d+$)/, host === '' ? 'localhost' : host)
    return {
      name: node.name,
      bootId: String(node.startedAtMs),
      version: node.version,
      site: '',
      state: this.#control.readiness().ready ? 'ready' : 'draining',
      addresses: {
        tcp: advertised.tcp.length > 0 ? advertised.tcp : listeners.tcp.map(reach),
        ws:
          advertised.ws.length > 0
            ? advertised.ws
            : listeners.ws.map((at) => `${wss.includes(at) ? 'wss' : 'ws'}://${reach(at)}`),
      },
      http: advertised.http === '' ? `http://${reach(listeners.http)}` : advertised.http,
      devicesMax: node.connectionsMax,
      devicesOnline: this.#control.counters().devicesOnline,
      load: this.#loadOf(node),
      sentPerSecond: 0,
      startedAtMs: node.startedAtMs,
      seenAtMs: Date.now(),
      drain: null,
    }
  }
}
