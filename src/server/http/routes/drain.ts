/**
 * POST /v1/drain: moves every device away at a pace; DELETE /v1/drain takes that back. It answers
 * when the drain has begun, not when it is over, which may be hours later; /v1/node shows how far
 * it is. The pace must be given: as fast as possible is a reconnect storm. Each device gets the
 * addresses that its carrier can use, beginning with another one each time.
 */
import { ADDRESSES_SCHEMA, readAddresses } from '../bye-address-list.ts'
import { jsonContent, problemContent } from '../operation.ts'
import { ProblemError } from '../problem.ts'
import type { Route } from '../route.ts'

const RATE_MAX = 10_000_000

const beginRoute: Route = {
  method: 'POST',
  path: '/v1/drain',
  access: 'admin',
  scope: 'kick',
  operation: {
    operationId: 'drain',
    summary: 'Move all devices away and refuse new ones',
    requestBody: {
      required: true,
      content: jsonContent({
        type: 'object',
        additionalProperties: false,
        required: ['rate'],
        properties: {
          rate: {
            type: 'number',
            minimum: 0,
            maximum: RATE_MAX,
            description: 'Devices per second; 0 is as fast as possible',
          },
          addresses: ADDRESSES_SCHEMA,
        },
      }),
    },
    responses: {
      '202': {
        description: 'The drain has begun',
        content: jsonContent({
          type: 'object',
          required: ['state', 'rate'],
          properties: { state: { const: 'draining' }, rate: { type: 'number' } },
        }),
      },
      '400': { description: 'Not a rate', content: problemContent() },
    },
  },
  async handle({ control, reportFailure }, request, reply) {
    const { rate, addresses } = orderOf(request.body)
    control.drain(rate, addresses).catch((failure) => reportFailure(failure, 'POST /v1/drain'))
    reply.code(202)
    return { state: 'draining', rate }
  },
}

const endRoute: Route = {
  method: 'DELETE',
  path: '/v1/drain',
  access: 'admin',
  scope: 'kick',
  operation: {
    operationId: 'undrain',
    summary: 'Take a drain back: devices that are left stay, and others may come',
    responses: {
      '200': {
        description: 'The node takes devices; also where it did not drain',
        content: jsonContent({
          type: 'object',
          required: ['state'],
          properties: { state: { const: 'ready' } },
        }),
      },
      '503': { description: 'The node is shutting down', content: problemContent() },
    },
  },
  async handle({ control }) {
    if (!control.undrain()) throw new ProblemError('shutting-down', 'a shutdown goes on')
    return { state: 'ready' }
  },
}

export const drainRoutes: readonly Route[] = [beginRoute, endRoute]

function orderOf(body: unknown): { rate: number; addresses: readonly string[] } {
  const rule = `the body must be {"rate": devices per second, 0-${RATE_MAX}}`
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ProblemError('bad-field', rule)
  }
  const { rate, addresses = [], ...rest } = body as Record<string, unknown>
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) {
    const name = JSON.stringify(unknown.slice(0, 40))
    throw new ProblemError('unknown-field', `a drain has no field ${name}`)
  }
  if (typeof rate !== 'number' || !(rate >= 0 && rate <= RATE_MAX)) {
    throw new ProblemError('bad-field', rule)
  }
  return { rate, addresses: readAddresses(addresses) }
}
