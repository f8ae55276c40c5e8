/** GET /v1/node: the node as a whole, with its shards, counters, memory and GC pauses. */
import { jsonContent } from '../operation.ts'
import type { Route } from '../route.ts'

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
  async handle({ control }) {
    return control.describe()
  },
}
