/**
 * The cluster of one: a node without --cluster as its own dispatch sees it. Addresses are those it
 * listens on; where that is every address (0.0.0.0), the name by which the asker found it.
 */
import type { NodeRecord } from '../../cluster/node-record.ts'
import type { NodeControl, NodeDescription } from '../node-control.ts'

/** A description asks all shards, so it is kept for this long. */
const KEPT_MS = 1_000

export class OwnView {
  readonly #control: NodeControl
  #described: Promise<NodeDescription> | null = null
  #describedMs = 0

  constructor(control: NodeControl) {
    this.#control = control
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
    const reach = (address: string): string =>
      address.replace(/^(0\.0\.0\.0|\[::\])(?=:\d+$)/, host === '' ? 'localhost' : host)
    return {
      name: node.name,
      bootId: String(node.startedAtMs),
      version: node.version,
      site: '',
      state: this.#control.readiness().ready ? 'ready' : 'draining',
      addresses: {
        tcp: listeners.tcp.map(reach),
        ws: listeners.ws.map((address) => `ws://${reach(address)}`),
      },
      http: `http://${reach(listeners.http)}`,
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
