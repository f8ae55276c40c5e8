/**
 * Closes devices for good (BYE 4002), wherever in the cluster they are: any node passes it on.
 */
import { askAnyNode, nodesToAsk } from './any-node.ts'
import type { ClusterWork } from './cluster-work.ts'

export interface KickOutcome {
  readonly device: string
  /** false: no node had it. */
  readonly kicked: boolean
}

export async function kickDevices(
  work: ClusterWork,
  deviceIds: readonly string[],
): Promise<readonly KickOutcome[]> {
  const nodes = await nodesToAsk(work)
  const outcomes: KickOutcome[] = []
  for (const device of deviceIds) {
    const path = `/v1/devices/${encodeURIComponent(device)}`
    const request = { method: 'DELETE', path, allowed: [204, 404], isRepeatable: true } as const
    const { status } = await askAnyNode(work, nodes, request)
    outcomes.push({ device, kicked: status !== 404 })
  }
  return outcomes
}
