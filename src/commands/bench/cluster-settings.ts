/** From the options of bench for a cluster to dispatch and scenario of a run. */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { ClusterScenario } from '../../loadgen/cluster-scenario/cluster-scenario.ts'
import { type ClusterNode, discoverNodes } from '../../loadgen/dispatch/discover-nodes.ts'
import { parseTarget } from '../../loadgen/target/target-address.ts'
import type { BenchSettings } from '../../loadgen/workload.ts'
import type { ClusterEventReport } from '../../stats/cluster-report.ts'
import type { ClusterOptions } from './cluster-faults.ts'

export interface ClusterRun {
  readonly settings: BenchSettings
  readonly nodes: readonly ClusterNode[]
}

/** Asks the cluster for its nodes, which are the targets of the plan. */
export async function withDispatch(
  settings: BenchSettings,
  options: ClusterOptions,
): Promise<ClusterRun> {
  if (options.dispatch.length === 0) return { settings, nodes: [] }
  const urls = options.dispatch.map((url) => new URL(url).origin)
  const nodes = await discoverNodes(urls, settings.adminToken)
  const carrier = options.dispatchCarrier
  const addresses = nodes.flatMap((node) => node.addresses[carrier].slice(0, 1))
  if (addresses.length === 0) {
    throw new PushctlError(
      'PUSHCTL_TARGET_REFUSED',
      `no node listens for devices over ${carrier}`,
      {
        tries: [`--dispatch-carrier ${carrier === 'tcp' ? 'ws' : 'tcp'}`],
      },
    )
  }
  const targets = addresses.map((text) =>
    parseTarget(text.includes('://') ? text : `tcp://${text}`),
  )
  const races = options.dispatchRace
  const dispatch = { urls, site: options.dispatchSite, carrier, races }
  const publishUrl = options.publish ?? urls[0]
  const publishOthers = failoverUrls(publishUrl, nodes, options)
  return { settings: { ...settings, targets, dispatch, publishUrl, publishOthers }, nodes }
}

/**
 * Only where nodes go away on purpose: each push then has an idempotency key, which costs Redis a
 * key for ten minutes. Where the user says whom to push through, nobody else is.
 */
function failoverUrls(
  publishUrl: string,
  nodes: readonly ClusterNode[],
  { scenario, publish }: ClusterOptions,
): readonly string[] {
  if (scenario === undefined || scenario === 'drain' || publish !== undefined) return []
  return nodes.map(({ http }) => new URL(http).origin).filter((url) => url !== publishUrl)
}

/** null: nothing happens to the cluster. */
export function scenarioOf(
  { settings, nodes }: ClusterRun,
  options: ClusterOptions,
  note: (line: string) => void,
): ClusterScenario | null {
  if (options.scenario === undefined) return null
  const { publishUrl, publishOthers = [], adminToken } = settings
  return new ClusterScenario(
    {
      kind: options.scenario,
      nodes,
      nodeName: options.scenarioNode,
      site: options.scenarioSite,
      publishUrl,
      hasFailover: publishOthers.length > 0,
      adminToken,
      drainPerSecond: options.scenarioDrainPerSecond,
      afterMs: options.scenarioAfterMs,
      downMs: options.scenarioDownMs,
      stopCommand: options.nodeStop ?? null,
      startCommand: options.nodeStart ?? null,
    },
    (event) => note(eventNote(event)),
  )
}

function eventNote({ what, node, failure }: ClusterEventReport): string {
  return failure === '' ? `${node}: ${what}` : `warning: ${node}: ${what}: ${failure}`
}
