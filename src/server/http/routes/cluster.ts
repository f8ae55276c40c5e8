/** GET /v1/cluster: the nodes whose lease holds, as this one last read them. */
import { jsonContent, problemContent } from '../operation.ts'
import { ProblemError } from '../problem.ts'
import type { Route } from '../route.ts'

export const clusterRoute: Route = {
  method: 'GET',
  path: '/v1/cluster',
  access: 'admin',
  operation: {
    operationId: 'getCluster',
    summary: 'Nodes of the cluster',
    responses: {
      '200': {
        description: 'As of the last renewal of the lease of this node',
        content: jsonContent({
          type: 'object',
          required: ['self', 'nodes'],
          properties: {
            self: { type: 'string' },
            nodes: { type: 'array', items: { type: 'object', required: ['name', 'state'] } },
          },
        }),
      },
      '422': { description: 'The node is in no cluster', content: problemContent() },
    },
  },
  async handle({ cluster }) {
    if (cluster === null) {
      throw new ProblemError('not-supported', 'this node is in no cluster: serve --cluster URL')
    }
    return { self: cluster.selfName, nodes: cluster.nodes() }
  },
}
