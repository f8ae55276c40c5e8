/** What a scenario does to a cluster under load. Plain data. */
import type { ClusterNode } from '../dispatch/discover-nodes.ts'

export const SCENARIOS = ['node-kill', 'drain', 'rolling-restart', 'site-loss'] as const
export type ScenarioKind = (typeof SCENARIOS)[number]

export interface ScenarioSettings {
  readonly kind: ScenarioKind
  readonly nodes: readonly ClusterNode[]
  /** Of node-kill and drain; missing: the first that pushes do not go through. */
  readonly nodeName?: string | undefined
  /** Of site-loss; missing: the first that pushes do not go through. */
  readonly site?: string | undefined
  /** Whose HTTP API pushes go through: it is spared where nothing else was asked for. */
  readonly publishUrl: string | null
  /** Pushes go on through another node when that one goes away: none needs to be spared. */
  readonly hasFailover: boolean
  readonly adminToken: string | null
  /** Devices per second that a node sends away. */
  readonly drainPerSecond: number
  /** From the begin of the measured time. */
  readonly afterMs: number
  /** How long a node stays down. */
  readonly downMs: number
  /** For a shell; {node} is its name, {host} the host of its HTTP API. */
  readonly stopCommand: string | null
  readonly startCommand: string | null
}

/** Whom the scenario is about, in order. Empty where nobody fits. */
export function victimsOf(settings: ScenarioSettings): readonly ClusterNode[] {
  const { kind, nodes, nodeName, site, publishUrl, hasFailover } = settings
  const spared = nodes.filter(({ http }) => !isSameOrigin(http, publishUrl))
  switch (kind) {
    case 'rolling-restart':
      return hasFailover ? nodes : spared
    case 'site-loss': {
      const lost = site ?? spared.find((node) => !servesPushes(node.site, settings))?.site
      return lost === undefined ? [] : nodes.filter((node) => node.site === lost)
    }
    default:
      return nodeName === undefined
        ? spared.slice(0, 1)
        : nodes.filter(({ name }) => name === nodeName)
  }
}

function servesPushes(site: string, { nodes, publishUrl }: ScenarioSettings): boolean {
  return nodes.some((node) => node.site === site && isSameOrigin(node.http, publishUrl))
}

function isSameOrigin(http: string, url: string | null): boolean {
  return url !== null && new URL(http).origin === new URL(url).origin
}
