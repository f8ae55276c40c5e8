/**
 * The devices of one shard as clients of a cluster: where each connects, how long it was without
 * service, and what became of the connections to each node.
 */
import type { SocketEngine } from '../../engine/socket-engine.ts'
import type { ConnectionEnd } from '../back-off.ts'
import { CONNECTION_PHASE, type ConnectionRows } from '../connection-rows.ts'
import { connectionsOf } from '../event-share.ts'
import { LatencyPair } from '../latency-pair.ts'
import type { ShardSetup } from '../shard-messages.ts'
import type { ResolvedTarget } from '../target/target-address.ts'
import { DeviceAbsence } from './device-absence.ts'
import {
  DispatchConnector,
  type DispatchConnectorSetup,
  type DispatchEvents,
} from './dispatch-connector.ts'
import { type TargetCounts, TargetTable } from './target-table.ts'

/** What a shard found, by node; the same node may stand there with several addresses. */
export interface DispatchFindings {
  readonly nodes: readonly (TargetCounts & { readonly alive: number })[]
  readonly movesBySecond: readonly number[]
  /** Devices that were away when the measured time ended. */
  readonly away: number
}

export interface ShardDispatchEvents extends DispatchEvents {
  /** A node was told of that no target of the run stands for: the next target is this. */
  onTarget(target: ResolvedTarget): void
}

export class ShardDispatch {
  readonly connector: DispatchConnector
  readonly table: TargetTable
  /** One value a device that was without service: all its times without a connection. */
  readonly unavailability = new LatencyPair()
  readonly #rows: ConnectionRows
  readonly #absence: DeviceAbsence

  /** null where the devices of the shard connect to its targets in turn. */
  static of(
    engine: SocketEngine,
    rows: ConnectionRows,
    setup: ShardSetup,
    events: ShardDispatchEvents,
  ): ShardDispatch | null {
    const { dispatch, activities } = setup
    if (dispatch === undefined) return null
    // A device that comes back gets again what it has not acked, under the same numbers; what it
    // sends itself it numbers anew.
    rows.keepsNumbers = !activities.echo
    return new ShardDispatch(engine, rows, { ...setup, dispatch }, events)
  }

  private constructor(
    engine: SocketEngine,
    rows: ConnectionRows,
    setup: DispatchConnectorSetup,
    events: ShardDispatchEvents,
  ) {
    this.#rows = rows
    this.table = new TargetTable(setup.targets, (target) => events.onTarget(target))
    this.#absence = new DeviceAbsence(connectionsOf(setup.share))
    this.connector = new DispatchConnector(engine, rows, setup, this.table, events)
  }

  /** The measured time begins. */
  begin(fromUs: number): void {
    this.table.begin(fromUs, this.#aliveByTarget())
    this.#absence.begin(fromUs)
  }

  onWelcome(row: number, target: number, atUs: number): void {
    this.connector.onWelcome(row, target)
    this.table.noteChange(target, 1, atUs)
    this.#absence.onWelcome(row, atUs)
  }

  onLost(row: number, target: number, end: ConnectionEnd, atUs: number): void {
    this.connector.onLost(row, target, end, atUs)
    this.table.noteChange(target, -1, atUs)
    this.#absence.onLost(row, atUs)
  }

  findings(endUs: number): DispatchFindings {
    this.unavailability.reset()
    const away = this.#absence.record(this.unavailability.response, endUs)
    this.unavailability.service.merge(this.unavailability.response)
    const alive = this.#aliveByTarget()
    const nodes = this.table.counts.map((counts, index) => ({ ...counts, alive: alive[index] }))
    return { nodes, movesBySecond: this.table.movesBySecond, away }
  }

  #aliveByTarget(): Uint32Array {
    const alive = new Uint32Array(this.table.targets.length)
    const { phase, target } = this.#rows
    for (let slot = 0; slot < phase.length; slot++) {
      if (phase[slot] === CONNECTION_PHASE.OPEN) alive[target[slot]] += 1
    }
    return alive
  }
}
