/**
 * How connections end and come back in the steady state: a few all the time (churn), or all at once
 * (storm). Plain data that travels to the shards.
 */
import type { BenchSettings } from './workload.ts'

export const LIFETIMES = ['exponential', 'constant'] as const
export type Lifetime = (typeof LIFETIMES)[number]

export interface Churn {
  readonly kind: 'churn'
  /** Connections replaced per second, over all shards. */
  readonly perSecond: number
  readonly lifetime: Lifetime
  readonly seed: number
}

export interface Storm {
  readonly kind: 'storm'
  /** When all connections are lost, on the host's monotonic clock. */
  readonly atUs: number
  /** False: the node is killed, and the shards find out. */
  readonly byGenerator: boolean
  /** Of the back-off. */
  readonly seed: number
}

/** Connections end for reasons of their own, and come back. */
export interface Return {
  readonly kind: 'return'
  /** Of the back-off. */
  readonly seed: number
}

export type Turnover = Churn | Storm | Return

/** Connections settle before they are lost. */
const STORM_LEAD_MS = 1_000
const STORM_LEAD_SHARE_MAX = 0.1

export function churnPerSecond(connections: number, perMille: number): number {
  return (connections * perMille) / 1000
}

/** null in modes in which connections that end stay away. */
export function turnoverOf(
  settings: BenchSettings,
  measureFromUs: number,
  hasOwnNode: boolean,
): Turnover | null {
  const { mode, connections, churnPerMille, lifetime, durationMs, seed } = settings
  if (mode === 'churn') {
    const perSecond = churnPerSecond(connections, churnPerMille)
    return { kind: 'churn', perSecond, lifetime, seed }
  }
  if (mode !== 'storm') return settings.dispatch === undefined ? null : { kind: 'return', seed }
  const leadMs = Math.min(STORM_LEAD_MS, durationMs * STORM_LEAD_SHARE_MAX)
  return { kind: 'storm', atUs: measureFromUs + leadMs * 1000, byGenerator: !hasOwnNode, seed }
}
