/** GET /v1/push/{id}: what became of a stored push so far. */
import { jsonContent, problemContent } from '../operation.ts'
import type { Route } from '../route.ts'
import { PUSH_ID_PARAMETER, pushIdOf, pushNotFound } from './push-id-parameter.ts'

export const pushReceiptRoute: Route = {
  method: 'GET',
  path: '/v1/push/{id}',
  access: 'admin',
  operation: {
    operationId: 'getPush',
    summary: 'Receipts of a stored push',
    parameters: [PUSH_ID_PARAMETER],
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
    const pushId = pushIdOf(request)
    const receipt = control.receipt(pushId) ?? (await control.receiptElsewhere?.(pushId)) ?? null
    if (receipt !== null) return { pushId, ...receipt }
    const why = ': pushes with qos 1 have them, the last 65,536 of a node'
    throw pushNotFound('no receipts of', pushId, why)
  },
}
