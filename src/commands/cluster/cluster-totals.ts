/** The nodes of a cluster added up: by site, by version, all together. Plain arithmetic. */
import type { NodeRecord } from '../../cluster/node-record.ts'

export interface NodeSum {
  readonly nodes: number
  readonly ready: number
  readonly draining: number
  readonly fenced: number
  readonly devicesOnline: number
  readonly devicesMax: number
  readonly sentPerSecond: number
}

export interface ClusterTotals {
  readonly total: NodeSum
  readonly sites: readonly ({ readonly site: string } & NodeSum)[]
  /** How many nodes run which version. */
  readonly versions: Readonly<Record<string, number>>
  /**
   * How far the fullest ready node is above its fair share of devices (by devicesMax): 0.25 is a
   * quarter more. 0 where there is none.
   */
  readonly skew: number
}

export function totalsOf(nodes: readonly NodeRecord[]): ClusterTotals {
  const sites = [...new Set(nodes.map(({ site }) => site))].sort()
  const versions: Record<string, number> = {}
  for (const { version } of nodes) versions[version] = (versions[version] ?? 0) + 1
  return {
    total: sumOf(nodes),
    sites: sites.map((site) => ({ site, ...sumOf(nodes.filter((node) => node.site === site)) })),
    versions,
    skew: skewOf(nodes),
  }
}

/** Devices that each ready node would hold, were they spread by room; by name. */
export function fairShares(nodes: readonly NodeRecord[]): Map<string, number> {
  const ready = nodes.filter(({ state }) => state === 'ready')
  const online = ready.reduce((sum, node) => sum + node.devicesOnline, 0)
  const room = ready.reduce((sum, node) => sum + node.devicesMax, 0)
  return new Map(
    ready.map(({ name, devicesMax }) => [
      name,
      room === 0 ? online / ready.length : (online * devicesMax) / room,
    ]),
  )
}

function skewOf(nodes: readonly NodeRecord[]): number {
  const fair = fairShares(nodes)
  const excesses = nodes.map(({ name, devicesOnline }) => {
    const share = fair.get(name) ?? 0
    return share === 0 ? 0 : devicesOnline / share - 1
  })
  return Math.max(0, ...excesses)
}

function sumOf(nodes: readonly NodeRecord[]): NodeSum {
  const count = (state: NodeRecord['state']) => nodes.filter((node) => node.state === state).length
  const sum = (key: 'devicesOnline' | 'devicesMax' | 'sentPerSecond') =>
    nodes.reduce((total, node) => total + node[key], 0)
  return {
    nodes: nodes.length,
    ready: count('ready'),
    draining: count('draining'),
    fenced: count('fenced'),
    devicesOnline: sum('devicesOnline'),
    devicesMax: sum('devicesMax'),
    sentPerSecond: sum('sentPerSecond'),
  }
}
