/**
 * A node's part in a cluster: joined before the node is made, because the key of the device hash is
 * the cluster's; bound to it when it is; and told when it is ready. While the lease is lost, and
 * until its devices have been checked against Redis, the node is fenced: it keeps its devices and
 * serves them what needs no Redis, and takes nothing that must be stored.
 */
import { randomFillSync } from 'node:crypto'
import type { ClusterAddress } from '../../cluster/cluster-address.ts'
import { DeviceRegistry } from '../../cluster/device-registry.ts'
import { KeyNames } from '../../cluster/key-names.ts'
import { Membership, type OwnRecord } from '../../cluster/membership.ts'
import { NodeChannels } from '../../cluster/node-channels.ts'
import { FencedView } from '../../cluster/fenced-view.ts'
import type { ClusterView, NodeRecord } from '../../cluster/node-record.ts'
import { RedisLink } from '../../cluster/redis-link.ts'
import * as deviceScripts from '../../cluster/scripts/device-scripts.ts'
import * as logScripts from '../../cluster/scripts/log-scripts.ts'
import * as nodeScripts from '../../cluster/scripts/node-scripts.ts'
import { checkServers } from '../../cluster/start-checks.ts'
import { type ClusterHost, ClusterTraffic } from './cluster-traffic.ts'
import { ClusterStore } from './cluster-store.ts'

export interface ClusterSettings {
  readonly address: ClusterAddress
  readonly prefix: string
  readonly leaseMs: number
  readonly nodeName: string
  readonly site: string
  readonly version: string
  /** Instead of the addresses that the node listens on; empty: those. */
  readonly advertised: {
    readonly tcp: readonly string[]
    readonly ws: readonly string[]
    readonly http: string
  }
  readonly tell: (line: string) => void
}

export class ClusterMember {
  readonly store: ClusterStore
  readonly link: RedisLink
  readonly keys: KeyNames
  readonly view: ClusterView
  /** Called when the list of nodes was read again. */
  readonly onView: ((nodes: readonly NodeRecord[]) => void)[] = []
  readonly #settings: ClusterSettings
  readonly #membership: Membership
  readonly #registry: DeviceRegistry
  readonly #channels: NodeChannels
  #traffic: ClusterTraffic | null = null
  /** Why nothing is stored now; ''. */
  #fencedBy = 'the node is starting'
  #isReady = false
  #isMeeting = false
  #hasServed = false

  private constructor(settings: ClusterSettings, link: RedisLink, parts: JoinedParts) {
    this.#settings = settings
    this.link = link
    this.keys = parts.keys
    this.#membership = parts.membership
    this.view = new FencedView(parts.membership, () => this.fencedBy !== '')
    this.#channels = new NodeChannels(link, parts.keys, settings.nodeName)
    this.#registry = new DeviceRegistry(link, parts.keys, parts.membership.number)
    this.store = new ClusterStore(parts.membership.hashKey, this.#registry)
  }

  /** Throws PUSHCTL_CLUSTER_… where the node can not join. */
  static async open(settings: ClusterSettings): Promise<ClusterMember> {
    const link = await RedisLink.open(settings.address, `pushctl-${settings.nodeName}`)
    try {
      const notes = checkServers(await link.serverTexts(), link.isPartitioned, link.name)
      for (const note of notes) settings.tell(note)
      await link.loadScripts(ORDINARY)
      const keys = new KeyNames(settings.prefix)
      let member: ClusterMember | null = null
      const membership = new Membership({
        link,
        keys,
        name: settings.nodeName,
        leaseMs: settings.leaseMs,
        describe: () => member?.record() ?? emptyRecord(settings),
        events: {
          onLost: (reason) => member?.onLost(reason),
          onHeld: () => void member?.onHeld(),
          onFilling: () => void member?.onFilling(),
          onNodes: (gone) => member?.onNodes(gone),
          tell: settings.tell,
        },
      })
      await membership.join(randomFillSync(new Uint32Array(4)))
      member = new ClusterMember(settings, link, { keys, membership })
      await membership.start()
      return member
    } catch (error) {
      await link.close()
      throw error
    }
  }

  /** '' where the node serves all of it. */
  get fencedBy(): string {
    return this.#membership.isHeld || this.#fencedBy !== '' ? this.#fencedBy : NO_ANSWER
  }

  /** The node is made; from start() on it hears others. */
  bind(host: ClusterHost): ClusterTraffic {
    const { link, keys } = this
    const traffic = new ClusterTraffic({
      ...{ host, link, keys },
      registry: this.#registry,
      membership: this.#membership,
      channels: this.#channels,
      fencedBy: () => this.fencedBy,
    })
    this.#traffic = traffic
    return traffic
  }

  /** Before the first device may come in. */
  async start(): Promise<void> {
    const { number } = this.#membership
    this.link.onReconnect(() => this.#onReconnect())
    this.link.onNewServer = () => void this.#onNewServer()
    await this.#channels.listen(number, this.#traffic!)
    await this.#traffic!.start()
    await this.onHeld()
  }

  /** Others may send devices here. */
  markReady(): void {
    this.#isReady = true
    this.tellState()
  }

  /** For what others should know at once. */
  tellState(): void {
    void this.#membership.renew().then(() => this.#traffic?.tellState())
  }

  async stop(): Promise<void> {
    this.#traffic?.stop()
    await this.#membership.stop()
    this.#traffic?.tellState()
    await this.#channels.flush()
    await this.link.close()
  }

  record(): OwnRecord {
    const own = emptyRecord(this.#settings)
    const host = this.#traffic?.host.describeForCluster()
    if (host === undefined || !this.#isReady) return own
    const { advertised } = this.#settings
    const { tcp, ws } = host.addresses
    return {
      ...own,
      ...host,
      state: this.fencedBy === '' ? host.state : 'fenced',
      addresses: {
        tcp: advertised.tcp.length > 0 ? advertised.tcp : tcp,
        ws: advertised.ws.length > 0 ? advertised.ws : ws,
      },
      http: advertised.http === '' ? host.http : advertised.http,
    }
  }

  onLost(reason: string): void {
    this.#fencedBy = reason
    this.#settings.tell(
      `fenced: ${reason}; devices stay, stored pushes are refused until the lease is held again`,
    )
  }

  /**
   * Who answers now may know less than who answered before, and the lease be held all the same: a
   * replica that took over in time. Numbers of messages would be given out twice.
   */
  #onReconnect(): void {
    if (this.fencedBy !== '') return void this.link.loadScripts(ORDINARY).catch(() => {})
    this.#fencedBy = CHECKING
    // The lease tells whether Redis has its data.
    void this.#membership.renew().then(() => this.onHeld())
  }

  /** True where all is as this node believes, and numbers can be given unless nodes still fill. */
  async #check(hasFilled: boolean): Promise<boolean> {
    try {
      await this.link.loadScripts(ORDINARY)
      if (!hasFilled) await this.#meetServers()
      const isWhole = (await this.#traffic?.checkAll()) ?? true
      if (isWhole && this.#membership.fillingMs === 0) await this.link.loadScripts(NUMBERING)
      return isWhole
    } catch {
      return false
    }
  }

  /**
   * A server without the scripts that give numbers is new, was restarted, or was a replica: what it
   * does not know, the nodes do. Each checks its devices, and when one that knows nothing of this
   * has lost its lease, the scripts are loaded.
   */
  async #meetServers(): Promise<void> {
    const membership = this.#membership
    if (membership.fillingMs > 0 || (await this.link.hasScripts(NUMBERING))) return
    if (!membership.isAlone) await membership.fill()
  }

  /** A master of a Redis Cluster has another one in its place; the others go on. */
  async #onNewServer(): Promise<void> {
    if (this.fencedBy !== '' || this.#membership.fillingMs > 0 || this.#isMeeting) return
    this.#isMeeting = true
    if (this.#membership.isAlone) await this.#check(false)
    else await this.#meetServers().catch(() => {})
    this.#isMeeting = false
  }

  /** Some node has met a server that may know less. Who is fenced checks anyway. */
  async onFilling(hasFilled = false): Promise<void> {
    if (this.fencedBy !== '') return
    const isWhole = await this.#check(true)
    const { fillingMs } = this.#membership
    if (hasFilled && isWhole && fillingMs === 0) return
    const waitMs = isWhole ? fillingMs : RETRY_MS
    setTimeout(() => void this.onFilling(true), waitMs).unref()
  }

  async onHeld(hasFilled = false): Promise<void> {
    this.#fencedBy = CHECKING
    const isWhole = await this.#check(hasFilled)
    // Redis may have gone away in between.
    if (!this.#membership.isHeld || !isWhole)
      return void setTimeout(() => void this.onHeld(hasFilled), RETRY_MS).unref()
    const { fillingMs } = this.#membership
    if (fillingMs > 0) {
      this.#fencedBy = 'Redis knows less than it did, or may, and all nodes fill it again'
      return void setTimeout(() => void this.onHeld(true), fillingMs).unref()
    }
    this.#fencedBy = ''
    if (!this.#hasServed) return void (this.#hasServed = true)
    // What others stored before they knew that this node is back.
    setTimeout(() => void this.#traffic?.checkAll(), this.#settings.leaseMs).unref()
    this.#settings.tell('the lease is held again, devices are checked: stored pushes are taken')
    this.tellState()
  }

  onNodes(gone: readonly NodeRecord[]): void {
    const nodes = this.view.nodes()
    this.#traffic?.onNodes(gone.length > 0)
    for (const listener of this.onView) listener(nodes)
  }
}

const RETRY_MS = 1_000
const CHECKING = 'devices are being checked against Redis'
const NO_ANSWER = 'Redis of the cluster does not answer'

interface JoinedParts {
  readonly keys: KeyNames
  readonly membership: Membership
}

const SCRIPTS = [deviceScripts, logScripts, nodeScripts]
  .flatMap((module) => Object.values(module))
  .filter((script) => typeof script === 'object')
const NUMBERING = SCRIPTS.filter(({ givesNumbers }) => givesNumbers)
const ORDINARY = SCRIPTS.filter(({ givesNumbers }) => !givesNumbers)

/** A node that is not ready yet: others know that its name is taken, and send nobody. */
function emptyRecord({ version, site }: ClusterSettings): OwnRecord {
  return {
    ...{ version, site, state: 'fenced', addresses: { tcp: [], ws: [] }, http: '' },
    ...{ devicesMax: 0, devicesOnline: 0, load: 1, sentPerSecond: 0, drain: null },
    startedAtMs: STARTED_AT_MS,
  }
}

const STARTED_AT_MS = Date.now()
