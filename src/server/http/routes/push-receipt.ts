/** GET /v1/push/{id}: what became of a stored push so far. */
import { jsonContent, problemContent } from '../operation.ts'
import { ProblemError } from '../problem.ts'
import type { Route } from '../route.ts'

const ID_LENGTH_MAX = 64

export const pushReceiptRoute: Route = {
  method: 'GET',
  path: '/v1/push/{id}',
  access: 'admin',
  operation: {
    operationId: 'getPush',
    summary: 'Receipts of a stored push',
    parameters: [
      {
        name: 'id',
        in: 'path',
        required: true,
        schema: { type: 'string', minLength: 1, maxLength: ID_LENGTH_MAX },
      },
    ],
    responses: {
      '200': {
        description: 'Counts so far',
        content: jsonContent({ $ref: '#/components/schemas/PushReceipt' }),
      },
      '404': {
        description: 'Not stored (qos 0), not of this node, or too long ago',
        content: problemContent(),
      },
    },
  },
  async handle({ control }, request) {
    const { id: pushId } = request.params as { id: string }
    const receipt = control.receipt(pushId)
    if (receipt !== null) return { pushId, ...receipt }
    const name = JSON.stringify(pushId.slice(0, ID_LENGTH_MAX))
    const detail = `no receipts of ${name}: pushes with qos 1 have them, the last 65,536 of a node`
    throw new ProblemError('push-not-found', detail)
  },
}
