/**
 * What the number of nodes hangs on: each number of the plan halved and doubled by itself, those
 * that matter first. It tells a planner what to measure before buying.
 */
import { PushctlError } from '../errors/pushctl-error.ts'
import { type CapacityPlan, planCapacity } from './capacity-plan.ts'
import type { PlanInput } from './plan-input.ts'

export interface SensitivityRow {
  readonly name: string
  /** Nodes with half of it; null: a node could not carry one connection. */
  readonly nodesHalved: number | null
  readonly nodesDoubled: number | null
}

const INPUTS = {
  devices: 'devices',
  heartbeat: 'heartbeatSeconds',
  'push-rate': 'pushesPerSecond',
  peak: 'peakFactor',
  'message-size': 'messageBytes',
  'broadcast-time': 'broadcastSeconds',
} as const satisfies Readonly<Record<string, keyof PlanInput>>

const HARDWARE = {
  'node-memory': 'memoryBytes',
  'node-cores': 'cores',
  'node-network': 'nicBitsPerSecond',
  'node-connections': 'connectionsMax',
} as const satisfies Readonly<Record<string, keyof PlanInput['node']>>

/** Rows that change the number of nodes, the largest span first. */
export function sensitivityOf({ input, assumptions, fleet }: CapacityPlan): SensitivityRow[] {
  const rows: SensitivityRow[] = []
  const add = (name: string, nodesWith: (factor: number) => number): void => {
    rows.push({ name, nodesHalved: orNull(nodesWith, 0.5), nodesDoubled: orNull(nodesWith, 2) })
  }
  for (const [name, key] of Object.entries(INPUTS)) {
    add(name, (factor) => {
      const changed = { ...input, [key]: input[key] * factor }
      return planCapacity(changed, assumptions).fleet.nodes
    })
  }
  for (const [name, key] of Object.entries(HARDWARE)) {
    add(name, (factor) => {
      const node = { ...input.node, [key]: input.node[key] * factor }
      return planCapacity({ ...input, node }, assumptions).fleet.nodes
    })
  }
  for (const { name, value, unit } of assumptions) {
    add(name, (factor) => {
      const moved = unit === 'share' ? Math.min(1, value * factor) : value * factor
      const changed = assumptions.map((row) => (row.name === name ? { ...row, value: moved } : row))
      return planCapacity(input, changed).fleet.nodes
    })
  }
  return rows
    .filter((row) => row.nodesHalved !== fleet.nodes || row.nodesDoubled !== fleet.nodes)
    .toSorted((a, b) => spanOf(b) - spanOf(a) || a.name.localeCompare(b.name))
}

function spanOf({ nodesHalved, nodesDoubled }: SensitivityRow): number {
  if (nodesHalved === null || nodesDoubled === null) return Number.POSITIVE_INFINITY
  return Math.abs(nodesHalved - nodesDoubled)
}

function orNull(nodesWith: (factor: number) => number, factor: number): number | null {
  try {
    return nodesWith(factor)
  } catch (error) {
    if (error instanceof PushctlError) return null
    throw error
  }
}
