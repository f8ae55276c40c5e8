/**
 * GET /healthz: alive as long as the event loop answers. It stays green while draining or
 * overloaded: see /readyz.
 */
import { jsonContent } from '../operation.ts'
import type { Route } from '../route.ts'

export const healthzRoute: Route = {
  method: 'GET',
  path: '/healthz',
  access: 'open',
  operation: {
    operationId: 'healthz',
    summary: 'Is the process alive',
    responses: {
      '200': {
        description: 'It is',
        content: jsonContent({
          type: 'object',
          required: ['status'],
          properties: { status: { const: 'ok' } },
        }),
      },
    },
  },
  async handle() {
    return { status: 'ok' }
  },
}
