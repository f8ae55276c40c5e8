/**
 * GET /v1/probe: answered later the fuller the node (../../probe-delay.ts), so that the first
 * answer of a race is that of a near node with room. A node that takes no devices answers 503 at
 * once. A waiting probe costs a timer and its connection, which count among those of the API.
 */
import { originHeaders } from '../device-origin.ts'
import { jsonContent, problemContent } from '../operation.ts'
import { probeDelayMs } from '../../probe-delay.ts'
import { ProblemError } from '../problem.ts'
import type { ApiContext, Route } from '../route.ts'

export const probeRoute: Route = {
  method: 'GET',
  path: '/v1/probe',
  access: 'open',
  operation: {
    operationId: 'probe',
    summary: 'Answered later the fuller the node',
    responses: {
      '200': {
        description: 'After delayMs',
        content: jsonContent({ $ref: '#/components/schemas/ProbeAnswer' }),
      },
      '503': { description: 'It takes no devices; at once', content: problemContent() },
    },
  },
  async handle(context, request, reply) {
    const headers = originHeaders(request, context.origins)
    refuseUnready(context)
    const load = await loadOf(context)
    const delayMs = probeDelayMs(load, context.probe)
    if (delayMs > 0 && request.method !== 'HEAD') await wait(delayMs)
    refuseUnready(context)
    reply.headers({ ...headers, 'cache-control': 'no-store' })
    return { load: Math.round(load * 1_000) / 1_000, delayMs }
  },
}

function refuseUnready({ control }: ApiContext): void {
  const { ready, reason } = control.readiness()
  if (!ready) throw new ProblemError('not-ready', reason)
}

/** What the cluster is told of this node, or by devices alone where there is none. */
async function loadOf({ cluster, ownView }: ApiContext): Promise<number> {
  const own = cluster?.nodes().find(({ name }) => name === cluster.selfName)
  return own?.load ?? (await ownView.load())
}

function wait(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs).unref())
}
