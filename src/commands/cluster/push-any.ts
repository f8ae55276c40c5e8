/**
 * A push or a broadcast through any node. A stored one always has an idempotency key, so that it
 * may be made again through the next node where one dies before it has answered; one that is not
 * stored is made again only where it surely was not made.
 */
import { randomUUID } from 'node:crypto'
import type { NodeRecord } from '../../cluster/node-record.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { askAnyNode } from './any-node.ts'
import type { ClusterWork } from './cluster-work.ts'

export interface PushWish {
  readonly to: 'all' | { readonly tag: string } | readonly string[]
  readonly payload64: string
  readonly qos: number
  readonly ttlSeconds?: number
  readonly id?: string
}

export interface PushedThrough {
  /** Name of the node that took it. */
  readonly node: string
  readonly pushId: string
  readonly accepted: number
  readonly stored: number
  readonly online: number
}

/** Of a push that is stored, so far. */
export interface PushProgress {
  readonly online: number
  readonly stored: number
  readonly sent: number
  readonly acked: number
  readonly expired: number
  readonly trimmed: number
  /** Of a broadcast: running, paused, cancelled, expired. */
  readonly state?: string
}

const COUNTS = ['sent', 'acked', 'expired', 'trimmed'] as const

export async function pushThroughAny(
  work: ClusterWork,
  nodes: readonly NodeRecord[],
  wish: PushWish,
): Promise<PushedThrough> {
  const isStored = wish.qos === 1
  const body = isStored && wish.id === undefined ? { ...wish, id: `cli-${randomUUID()}` } : wish
  const request = { method: 'POST', path: '/v1/push', body, isRepeatable: isStored } as const
  const { node, document } = await askAnyNode(work, nodes, request)
  const { pushId, accepted, stored, online } = document
  if (typeof pushId !== 'string') throw notOurs(node)
  return {
    ...{ node, pushId, accepted: countOf(accepted), stored: countOf(stored) },
    online: countOf(online),
  }
}

/** null: nobody knows it yet, or any more. */
export async function readProgress(
  work: ClusterWork,
  nodes: readonly NodeRecord[],
  pushId: string,
): Promise<PushProgress | null> {
  const path = `/v1/push/${encodeURIComponent(pushId)}`
  const request = { method: 'GET', path, allowed: [404], isRepeatable: true } as const
  const { status, document, node } = await askAnyNode(work, nodes, request)
  if (status === 404) return null
  if (COUNTS.some((name) => typeof document[name] !== 'number')) throw notOurs(node)
  const [sent, acked, expired, trimmed] = COUNTS.map((name) => countOf(document[name]))
  const { online, stored, state } = document
  return {
    ...{ online: countOf(online), stored: countOf(stored), sent, acked, expired, trimmed },
    ...(typeof state === 'string' ? { state } : {}),
  }
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

function notOurs(node: string): PushctlError {
  const message = `${node} must answer a push as pushctl does, got something else`
  return new PushctlError('PUSHCTL_TARGET_PROTOCOL', message)
}
