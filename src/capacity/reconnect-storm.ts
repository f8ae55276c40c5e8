/**
 * What follows the loss of a node or a site: its devices come back to the others. They come as
 * their back-off spreads them, and are taken as fast as the CPU allows that the others have left;
 * the slower of the two says how long it lasts.
 */
import type { AssumptionValues } from './assumption-table.ts'
import type { ConnectionLoad } from './connection-load.ts'
import type { FleetSize } from './fleet-size.ts'
import type { PlanInput } from './plan-input.ts'

export interface ReconnectStorm {
  readonly lost: 'a node' | 'a site'
  readonly connections: number
  /** As the devices come, over all nodes that are left. */
  readonly offeredPerSecond: number
  readonly offeredPerNode: number
  /** As fast as a node that is left can take them. */
  readonly takenPerNode: number
  /** null: the nodes that are left never catch up. */
  readonly seconds: number | null
}

export function reconnectStorms(
  input: PlanInput,
  online: number,
  fleet: FleetSize,
  load: ConnectionLoad,
  assumed: AssumptionValues,
): readonly ReconnectStorm[] {
  const storms: ReconnectStorm[] = []
  if (fleet.nodes > 1) storms.push(storm('a node', 1))
  if (input.sites > 1) storms.push(storm('a site', fleet.nodesPerSite))
  return storms

  function storm(lost: ReconnectStorm['lost'], nodesLost: number): ReconnectStorm {
    const left = fleet.nodes - nodesLost
    const connections = Math.ceil((online * nodesLost) / fleet.nodes)
    const busyUs = (online / left) * (load.processUs + load.softirqUs)
    const spareUs = input.node.cores * 1e6 * assumed['storm-cpu-share'] - busyUs
    const takenPerNode = Math.max(0, Math.floor(spareUs / connectUs(assumed)))
    const offeredPerSecond = Math.ceil(connections / input.reconnectSeconds)
    return {
      lost,
      connections,
      offeredPerSecond,
      offeredPerNode: Math.ceil(offeredPerSecond / left),
      takenPerNode,
      seconds:
        takenPerNode === 0
          ? null
          : Math.max(input.reconnectSeconds, connections / (takenPerNode * left)),
    }
  }
}

/** CPU of a connection that comes anew, its nine packets included. */
function connectUs(assumed: AssumptionValues): number {
  return assumed['connect-us'] + 9 * assumed['softirq-us']
}
