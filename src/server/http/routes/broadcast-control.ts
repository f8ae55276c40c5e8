/** POST /v1/broadcast/{id}/pause, /resume and /cancel: what becomes of a stored broadcast. */
import type { BroadcastState } from '../../broadcast/broadcast-messages.ts'
import { jsonContent, problemContent } from '../operation.ts'
import type { Route } from '../route.ts'
import { PUSH_ID_PARAMETER, pushIdOf, pushNotFound } from './push-id-parameter.ts'

const ACTIONS: readonly [action: string, state: BroadcastState, summary: string][] = [
  ['pause', 'paused', 'Stop sending a stored broadcast; those behind it wait too'],
  ['resume', 'running', 'Go on with a paused broadcast'],
  ['cancel', 'cancelled', 'Send a stored broadcast to nobody else'],
]

export const broadcastControlRoutes: readonly Route[] = ACTIONS.map(([action, state, summary]) => ({
  method: 'POST',
  path: `/v1/broadcast/{id}/${action}`,
  access: 'admin',
  operation: {
    operationId: `${action}Broadcast`,
    summary,
    parameters: [PUSH_ID_PARAMETER],
    responses: {
      '200': {
        description: 'Its receipts and state',
        content: jsonContent({ $ref: '#/components/schemas/PushReceipt' }),
      },
      '404': { description: 'No such broadcast', content: problemContent() },
    },
  },
  async handle({ control }, request) {
    const pushId = pushIdOf(request)
    const receipt = await control.controlBroadcast(pushId, state)
    if (receipt !== null) return { pushId, ...receipt }
    throw pushNotFound('no stored broadcast', pushId, ' on this node')
  },
}))
