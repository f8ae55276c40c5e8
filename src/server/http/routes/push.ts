/**
 * POST /v1/push: one push to named devices, to a tag, or to all. 202, because sending goes on after
 * the answer; a push that is stored is durable by then.
 */
import { problemContent } from '../operation.ts'
import { ProblemError } from '../problem.ts'
import { checkPushRequest, isProblem } from '../push-request.ts'
import type { Route } from '../route.ts'

export const pushRoute: Route = {
  method: 'POST',
  path: '/v1/push',
  access: 'admin',
  operation: {
    operationId: 'push',
    summary: 'Push one message',
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Push' } } },
    },
    responses: {
      '202': {
        description: 'Handed over for sending; with qos 1 stored',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/PushOutcome' } } },
      },
      '400': { description: 'Not a push', content: problemContent() },
      '503': { description: 'It could not be stored', content: problemContent() },
      '422': { description: 'Not supported by this version', content: problemContent() },
    },
  },
  async handle({ control, limits }, request, reply) {
    const checked = checkPushRequest(request.body, limits)
    if (isProblem(checked)) throw new ProblemError(checked.code, checked.detail)
    const { accepted, stored, online, pushId } = await control.push(checked)
    reply.code(202)
    return { accepted, stored, online, pushId }
  },
}
