/**
 * GET /v1/node: the node as a whole, with its shards, counters, memory and GC pauses, what its API
 * was asked, and its errors by source.
 */
import type { NodeDescription } from '../../node-control.ts'
import { readMetricSource } from '../node-metrics.ts'
import { jsonContent } from '../operation.ts'
import type { ApiReport } from '../request-meter.ts'
import type { Route } from '../route.ts'

/** The body of the answer. */
export interface NodeState extends NodeDescription {
  readonly ready: boolean
  /** "" when it is ready. */
  readonly notReadyBecause: string
  readonly api: ApiReport
  readonly errors: Readonly<Record<string, number>>
}

export const nodeStateRoute: Route = {
  method: 'GET',
  path: '/v1/node',
  access: 'admin',
  operation: {
    operationId: 'getNode',
    summary: 'State of the node',
    responses: {
      '200': {
        description: 'Now',
        content: jsonContent({ $ref: '#/components/schemas/NodeDescription' }),
      },
    },
  },
  async handle({ control, meter }): Promise<NodeState> {
    const { node, readiness, api, errors } = await readMetricSource(control, meter)
    return { ...node, ready: readiness.ready, notReadyBecause: readiness.reason, api, errors }
  },
}
