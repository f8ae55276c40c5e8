/** What every cluster verb works with: the nodes, the way to ask them, and a line for people. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeRecord } from '../../cluster/node-record.ts'
import { askNode, type NodeAccess } from './node-requests.ts'
import type { NodeSource } from './node-source.ts'

export interface ClusterWork {
  readonly source: NodeSource
  readonly access: NodeAccess
  /** Time between two looks at a node. */
  readonly lookMs: number
  /** One line to stderr. */
  note(line: string): void
}

/** A line that shows that long work goes on, this often. */
export const NOTE_EVERY_MS = 5_000

export interface NodeCounts {
  readonly devicesOnline: number
  /** Devices sent away by a move, since the node started. */
  readonly moved: number
  readonly isDraining: boolean
}

/** Of this moment; the record of the lease is some seconds old. */
export async function readCounts(work: ClusterWork, node: NodeRecord): Promise<NodeCounts> {
  const { document } = await askNode(work.access, ['GET', node.http, '/v1/node'])
  const counters = objectOf(document['counters'])
  const closes = objectOf(counters['closes'])
  return {
    devicesOnline: numberOf(counters['devicesOnline']),
    moved: numberOf(closes['rebalance']),
    isDraining: document['state'] === 'draining',
  }
}

export async function pause(work: ClusterWork): Promise<void> {
  await sleep(work.lookMs, undefined, { signal: work.access.signal }).catch((error) => {
    if (work.access.signal.aborted) throw work.access.signal.reason
    throw error
  })
}

/** Calls `tell` at most every NOTE_EVERY_MS. */
export function paced(tell: (line: string) => void): (line: () => string) => void {
  let nextMs = performance.now() + NOTE_EVERY_MS
  return (line) => {
    if (performance.now() < nextMs) return
    nextMs = performance.now() + NOTE_EVERY_MS
    tell(line())
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}
