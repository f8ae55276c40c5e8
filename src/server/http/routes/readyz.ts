/**
 * GET /readyz: whether new devices should be sent here. Red at once on drain and on overload, with
 * the reason.
 */
import { jsonContent, problemContent } from '../operation.ts'
import { ProblemError } from '../problem.ts'
import type { Route } from '../route.ts'

export const readyzRoute: Route = {
  method: 'GET',
  path: '/readyz',
  access: 'open',
  operation: {
    operationId: 'readyz',
    summary: 'May new devices come here',
    responses: {
      '200': {
        description: 'They may',
        content: jsonContent({
          type: 'object',
          required: ['status'],
          properties: { status: { const: 'ready' } },
        }),
      },
      '503': { description: 'They may not; detail says why', content: problemContent() },
    },
  },
  async handle({ control }) {
    const { ready, reason } = control.readiness()
    if (!ready) throw new ProblemError('not-ready', reason)
    return { status: 'ready' }
  },
}
