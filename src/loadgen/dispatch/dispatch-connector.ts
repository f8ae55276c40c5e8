/**
 * Opens connections as devices of a cluster do: ask for a set of nodes, race probes, connect to the
 * winner, keep the set; on failure the next node of it, and when all have failed another set, with
 * the hint how often. A BYE that names addresses replaces the set.
 *
 *   due ─► asking (≤ 128 at a time) ─► waiting ─► connect ─► welcome: the set is kept
 *            ▲                            ▲          │
 *            └── set used up ─────────────┴── failed ┘
 *
 * connect_time counts from the intended time, so it holds what asking and racing took. A device
 * costs 16 bytes here, and while it asks some objects: HTTP is not the hot path of a connection.
 */
import type { ConnectOptions, SocketEngine } from '../../engine/socket-engine.ts'
import type { ConnectionEnd } from '../back-off.ts'
import type { ConnectionRows } from '../connection-rows.ts'
import { CONNECTS_UNDER_WAY_MAX, type ConnectorSetup } from '../connector.ts'
import { deviceIdOf, type DeviceNames } from '../device-names.ts'
import { connectionAt, connectionsOf, connectPositionAt } from '../event-share.ts'
import { PaceTimer } from '../pace-timer.ts'
import { countedPacer } from '../pacing/constant-pacer.ts'
import type { Pacer } from '../pacing/pacer.ts'
import type { Reopener } from '../reconnector.ts'
import { RowQueue } from '../row-queue.ts'
import { tlsOptionsOf } from '../target/target-tls.ts'
import { AddressSets } from './address-sets.ts'
import { DispatchClient } from './dispatch-client.ts'
import type { DispatchSetup } from './dispatch-setup.ts'
import type { TargetTable } from './target-table.ts'

const ASKING_MAX = 128
const RETRY_US = 1_000
/** Nodes that do not agree where a device belongs send it to and fro: then it backs off. */
const REDIRECTS_MAX = 4

export interface DispatchEvents {
  onStarted(slot: number): void
  /** No node would have the device of this row. */
  onNowhere(row: number, why: string): void
}

export interface DispatchConnectorSetup extends ConnectorSetup {
  readonly dispatch: DispatchSetup
  readonly devices: DeviceNames
}

export class DispatchConnector implements Reopener {
  attempted = 0
  readonly #engine: SocketEngine
  readonly #rows: ConnectionRows
  readonly #setup: DispatchConnectorSetup
  readonly #table: TargetTable
  readonly #client: DispatchClient
  readonly #sets: AddressSets
  readonly #pacer: Pacer
  readonly #timer: PaceTimer
  readonly #events: DispatchEvents
  readonly #asking: RowQueue
  readonly #ready: RowQueue
  readonly #dueUs: Float64Array
  /** BYEs with addresses in a row. */
  readonly #redirects: Uint8Array
  readonly #slots = new Int32Array(1)
  readonly #options = new Map<string, ConnectOptions>()
  #startUs = 0
  #total = 0
  #dueRows = 0
  #asked = 0
  #underWay = 0
  #isStopped = false

  constructor(
    engine: SocketEngine,
    rows: ConnectionRows,
    setup: DispatchConnectorSetup,
    table: TargetTable,
    events: DispatchEvents,
  ) {
    this.#engine = engine
    this.#rows = rows
    this.#setup = setup
    this.#table = table
    this.#events = events
    const rowsMax = connectionsOf(setup.share)
    this.#client = new DispatchClient(setup.dispatch)
    this.#sets = new AddressSets(rowsMax)
    this.#asking = new RowQueue(rowsMax)
    this.#ready = new RowQueue(rowsMax)
    this.#dueUs = new Float64Array(rowsMax)
    this.#redirects = new Uint8Array(rowsMax)
    this.#pacer = countedPacer(setup.share.connections, setup.connectsPerSecond)
    const perShard = setup.connectsPerSecond / setup.connectLanes
    this.#timer = new PaceTimer(perShard, (now) => this.#connectDue(now), engine)
  }

  /** Opens what is missing of the first `connections` of the run. */
  start(startUs: number, connections = this.#setup.share.connections): void {
    this.#startUs = startUs
    this.#isStopped = false
    this.#total = connectionsOf({ ...this.#setup.share, connections })
    this.attempted = this.#rows.openCount
    for (let row = 0; row < Math.min(this.#dueRows, this.#total); row++) {
      if (this.#rows.slotOf(row) < 0) this.queueAgain(row, startUs)
    }
    this.goOn()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer.stop()
    this.#asking.clear()
    this.#ready.clear()
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  queueAgain(row: number, dueUs: number): void {
    this.#dueUs[row] = dueUs
    this.attempted += 1
    this.#queue(row)
  }

  goOn(): void {
    this.#timer.stop()
    if (!this.#isStopped) this.#timer.start()
  }

  onWelcome(row: number, target: number): void {
    this.#underWay -= 1
    this.#redirects[row] = 0
    this.#sets.noteWelcome(row)
    this.#table.counts[target].welcomed += 1
  }

  /** A connection that was up ended: where it goes is what its BYE said, else back first. */
  onLost(row: number, target: number, end: ConnectionEnd, atUs: number): void {
    const isMove = end.code >= 4300 && end.code < 4400
    if (isMove) this.#table.noteMove(target, atUs)
    else this.#table.counts[target].lost += 1
    if (end.addresses !== undefined && end.addresses.length > 0)
      void this.#redirect(row, end.addresses)
    // Without addresses a node that sends its devices away is no place to come back to.
    else if (isMove) this.#sets.keep(row, [])
  }

  /**
   * An attempt failed. True: the device has another node in its set and tries that at once; it
   * backs off when it has tried them all.
   */
  onFailed(row: number, target: number, end: ConnectionEnd): boolean {
    this.#underWay -= 1
    this.#table.counts[target].failed += 1
    const { addresses = [] } = end
    if (addresses.length > 0 && !this.#isStopped) {
      this.#redirects[row] += 1
      const follows = this.#redirects[row] % REDIRECTS_MAX !== 0
      void this.#redirect(row, addresses).then(() => follows && this.#tryNow(row))
      return follows
    }
    this.#sets.noteFailure(row)
    if (this.#isStopped || this.#sets.targetOf(row) < 0) return false
    this.#tryNow(row)
    return true
  }

  /** Where connections of this row come from; "" where the kernel chooses. */
  sourceOf(row: number): string {
    const { sources } = this.#setup
    return sources.length === 0 ? '' : sources[row % sources.length]
  }

  #tryNow(row: number): void {
    if (this.#isStopped) return
    this.#queue(row)
    this.goOn()
  }

  async #redirect(row: number, addresses: readonly string[]): Promise<void> {
    const wanted = addresses.filter(
      (address) => address.includes('://') === (this.#setup.dispatch.carrier === 'ws'),
    )
    const targets = await this.#indexesOf(wanted.map((address) => this.#table.indexOf(address)))
    this.#sets.keep(row, targets)
  }

  async #indexesOf(asked: readonly Promise<number>[]): Promise<number[]> {
    return (await Promise.all(asked)).filter((index) => index >= 0)
  }

  #queue(row: number): void {
    if (this.#sets.targetOf(row) >= 0) this.#ready.push(row)
    else this.#asking.push(row)
  }

  #connectDue(now: number): number {
    const { share, connectLanes } = this.#setup
    while (this.#dueRows < this.#total) {
      const position = connectPositionAt(share, this.#dueRows, connectLanes)
      const dueUs = this.#startUs + this.#pacer.intendedUs(position)
      if (dueUs > now) break
      this.queueAgain(this.#dueRows, dueUs)
      this.#dueRows += 1
    }
    this.#askNext()
    if (!this.#connectReady(now)) return now + RETRY_US
    if (this.#dueRows === this.#total) return Number.POSITIVE_INFINITY
    const position = connectPositionAt(share, this.#dueRows, connectLanes)
    return this.#startUs + this.#pacer.intendedUs(position)
  }

  #askNext(): void {
    while (this.#asked < ASKING_MAX && this.#asking.count > 0) {
      const row = this.#asking.peek()
      this.#asking.shift()
      this.#asked += 1
      void this.#ask(row).finally(() => {
        this.#asked -= 1
        this.goOn()
      })
    }
  }

  async #ask(row: number): Promise<void> {
    const device = deviceIdOf(this.#setup.devices, connectionAt(this.#setup.share, row))
    const nodes = await this.#client.ask(device, this.#sets.retriedOf(row))
    const first = await this.#client.race(nodes)
    const targets = await this.#indexesOf(nodes.map((node) => this.#table.indexOfNode(node)))
    if (this.#isStopped) return
    this.#sets.keep(row, targets, first)
    if (targets.length > 0) this.#ready.push(row)
    else this.#events.onNowhere(row, this.#client.lastFailure)
  }

  /** False when the engine's table or the window is full. */
  #connectReady(now: number): boolean {
    while (this.#ready.count > 0) {
      if (this.#underWay >= CONNECTS_UNDER_WAY_MAX) return false
      const row = this.#ready.peek()
      const target = Math.max(0, this.#sets.targetOf(row))
      if (this.#engine.connect(this.#optionsFor(row, target), this.#slots, 1) === 0) return false
      this.#ready.shift()
      this.#rows.begin(this.#slots[0], row, target, this.#dueUs[row], now)
      this.#underWay += 1
      this.#events.onStarted(this.#slots[0])
    }
    return true
  }

  #optionsFor(row: number, index: number): ConnectOptions {
    const source = this.sourceOf(row)
    const key = `${index} ${source}`
    const known = this.#options.get(key)
    if (known !== undefined) return known
    const target = this.#table.targets[index]
    const tls = tlsOptionsOf(target)
    const options = {
      host: target.address,
      port: target.port,
      ...(tls === undefined ? {} : { tls }),
      ...(source === '' ? {} : { source: { host: source, port: 0 } }),
    }
    this.#options.set(key, options)
    return options
  }
}
