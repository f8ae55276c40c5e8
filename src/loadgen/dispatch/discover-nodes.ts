/**
 * The nodes that a run will meet, before it begins: for the plan of its ports, and for scenarios.
 * GET /v1/cluster has them all; where that is not for us, the sets of many made-up devices do.
 */
import { request } from 'undici'
import { PushctlError } from '../../errors/pushctl-error.ts'

const ANSWER_LIMIT_MS = 5_000
/** Each of 64 nodes is then missed once in 10^5 times. */
const SAMPLES = 256

export interface ClusterNode {
  readonly name: string
  readonly site: string
  /** Base address of its HTTP API. */
  readonly http: string
  readonly addresses: { readonly tcp: readonly string[]; readonly ws: readonly string[] }
}

/** @throws PushctlError where no node answers, or none takes devices */
export async function discoverNodes(
  urls: readonly string[],
  adminToken: string | null,
): Promise<readonly ClusterNode[]> {
  let reason = ''
  for (const url of urls) {
    try {
      const nodes = (await listNodes(url, adminToken)) ?? (await sampleNodes(url))
      if (nodes.length > 0) return nodes
      reason = 'no node takes devices'
    } catch (error) {
      reason = (error as Error).message
    }
  }
  throw new PushctlError(
    'PUSHCTL_TARGET_UNREACHABLE',
    `--dispatch must be the HTTP API of a node, got ${urls.join(', ')}: ${reason}`,
    { tries: ['--dispatch http://host:port   (the --http address of any node)'] },
  )
}

/** null: the node is in no cluster, or tells it to others only. */
async function listNodes(url: string, adminToken: string | null): Promise<ClusterNode[] | null> {
  const headers = adminToken === null ? {} : { authorization: `Bearer ${adminToken}` }
  const { status, json } = await ask(`${url}/v1/cluster`, headers)
  if (status !== 200) return null
  const { nodes } = json as { nodes: readonly (ClusterNode & { state: string })[] }
  return nodes.filter(({ state }) => state === 'ready')
}

async function sampleNodes(url: string): Promise<ClusterNode[]> {
  const found = new Map<string, ClusterNode>()
  for (let sample = 0; sample < SAMPLES; sample++) {
    const { status, json } = await ask(`${url}/v1/dispatch?device=sample-${sample}`, {})
    if (status !== 200) break
    const { nodes } = json as { nodes: readonly (ClusterNode & { probe: string })[] }
    for (const node of nodes) found.set(node.name, { ...node, http: new URL(node.probe).origin })
    // A node without a cluster names itself each time.
    if (sample > 8 && found.size === 1) break
  }
  return [...found.values()]
}

async function ask(url: string, headers: Record<string, string>) {
  const signal = AbortSignal.timeout(ANSWER_LIMIT_MS)
  const { statusCode, body } = await request(url, { headers, signal })
  const text = await body.text()
  return { status: statusCode, json: statusCode === 200 ? (JSON.parse(text) as unknown) : null }
}
