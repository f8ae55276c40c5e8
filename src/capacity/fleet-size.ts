/**
 * Nodes of a fleet: as many as carry the peak after what may be lost is lost, the same number in
 * each site.
 */
import { PushctlError } from '../errors/pushctl-error.ts'
import type { NodeLimit } from './node-limits.ts'
import type { PlanInput } from './plan-input.ts'

export interface FleetSize {
  readonly nodes: number
  readonly nodesPerSite: number
  /** Nodes that would do if none were ever lost. */
  readonly nodesWorking: number
  /** What there is most of need for. */
  readonly decidedBy: NodeLimit['name']
  readonly connectionsPerNode: number
  /** On each node that is left after the loss that is planned for. */
  readonly connectionsPerNodeAfterLoss: number
}

/** @throws PushctlError PUSHCTL_CONFIG where a node cannot carry a single connection. */
export function fleetSize(
  input: PlanInput,
  online: number,
  limits: readonly NodeLimit[],
): FleetSize {
  const smallest = limits.reduce((least, row) =>
    row.connectionsMax < least.connectionsMax ? row : least,
  )
  if (smallest.connectionsMax < 1) {
    throw new PushctlError('PUSHCTL_CONFIG', 'a node of this size cannot carry one connection', {
      why: `it is short of ${smallest.name}`,
      tries: ['--node-memory 64GiB', '--node-cores 16', '--node-network 10g'],
    })
  }
  const nodesWorking = Math.max(1, Math.ceil(online / smallest.connectionsMax))
  const { sites, spareNodes, survive } = input
  const inOtherSites = survive === 'site' ? Math.ceil(nodesWorking / (sites - 1)) * sites : 0
  const wanted = Math.max(nodesWorking + spareNodes, inOtherSites)
  const nodesPerSite = Math.ceil(wanted / sites)
  const nodes = nodesPerSite * sites
  const lost = Math.max(spareNodes, survive === 'site' ? nodesPerSite : 0)
  return {
    nodes,
    nodesPerSite,
    nodesWorking,
    decidedBy: smallest.name,
    connectionsPerNode: Math.ceil(online / nodes),
    connectionsPerNodeAfterLoss: Math.ceil(online / Math.max(1, nodes - lost)),
  }
}
