/**
 * One request through any node of the cluster: the next one is asked where one cannot be reached
 * or cannot do it now, because which one is asked does not matter. The records may be as old as a
 * lease, so the first may be dead already.
 */
import type { NodeRecord } from '../../cluster/node-record.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { ClusterWork } from './cluster-work.ts'
import { askNode, type NodeAnswer, refusalOf } from './node-requests.ts'

/** Where the connection failed, nothing was asked yet. */
const NOT_ASKED = [
  ...(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'] as const),
  'UND_ERR_CONNECT_TIMEOUT',
]
/** Of a node that is fenced, overloaded or leaving. */
const UNAVAILABLE = 503

export interface AnyNodeRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: object
  /** Statuses that are answers, beside 200 and 202. */
  readonly allowed?: readonly number[]
  /** Asking twice is asking once: also where it is not known whether a node got the request. */
  readonly isRepeatable: boolean
}

export interface AnyNodeAnswer extends NodeAnswer {
  readonly node: string
}

/** Nodes in the order in which they are asked: `first`, those that are ready, emptiest first. */
export async function nodesToAsk(work: ClusterWork, first = ''): Promise<readonly NodeRecord[]> {
  const nodes = await work.source.read()
  const asked = nodes
    .filter(({ state, http }) => state !== 'fenced' && URL.canParse(http))
    .toSorted((a, b) => placeOf(a, first) - placeOf(b, first) || a.load - b.load)
  if (asked.length > 0) return asked
  const message = `a node must hold its lease to be asked, got ${nodes.length} fenced ones`
  throw new PushctlError('PUSHCTL_TARGET_UNREACHABLE', message, {
    tries: ['pushctl cluster status'],
  })
}

/** Fails as the first node did where none could do it. */
export async function askAnyNode(
  work: ClusterWork,
  nodes: readonly NodeRecord[],
  { method, path, body, allowed = [], isRepeatable }: AnyNodeRequest,
): Promise<AnyNodeAnswer> {
  let failure: unknown = null
  for (const { name, http } of nodes) {
    try {
      const statuses = [...allowed, UNAVAILABLE]
      const answer = await askNode(work.access, [method, http, path], body ?? null, statuses)
      if (answer.status !== UNAVAILABLE) return { ...answer, node: name }
      failure ??= refusalOf(new URL(path, http), answer, work.access.adminToken !== null)
    } catch (error) {
      if (!(error instanceof PushctlError) || !isPassedOver(error, isRepeatable)) throw error
      failure ??= error
    }
  }
  throw failure
}

function isPassedOver({ code, cause }: PushctlError, isRepeatable: boolean): boolean {
  if (code !== 'PUSHCTL_TARGET_UNREACHABLE') return false
  return (
    isRepeatable || NOT_ASKED.includes((cause as NodeJS.ErrnoException | undefined)?.code ?? '')
  )
}

function placeOf({ state, http }: NodeRecord, first: string): number {
  if (first !== '' && new URL(http).origin === new URL(first).origin) return 0
  return state === 'ready' ? 1 : 2
}
