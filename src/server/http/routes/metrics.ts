/** GET /metrics: Prometheus text. */

import type { NodeControl } from '../../node-control.ts'
import { NodeMetrics } from '../node-metrics.ts'
import type { Route } from '../route.ts'

/** One registry per node, made at the first scrape. */
const metricsOf = new WeakMap<NodeControl, NodeMetrics>()

export const metricsRoute: Route = {
  method: 'GET',
  path: '/metrics',
  access: 'metrics',
  operation: {
    operationId: 'metrics',
    summary: 'Prometheus metrics',
    responses: {
      '200': {
        description: 'Prometheus text format 0.0.4',
        content: { 'text/plain': { schema: { type: 'string' } } },
      },
    },
  },
  async handle({ control, meter }, _request, reply) {
    let metrics = metricsOf.get(control)
    if (metrics === undefined) {
      metrics = new NodeMetrics(control, meter)
      metricsOf.set(control, metrics)
    }
    reply.type(metrics.contentType)
    return metrics.render()
  },
}
