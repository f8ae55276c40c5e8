/**
 * POST /v1/move: moves some devices to other nodes at a pace, with BYE 4301, and stays ready. It
 * answers when the move has begun; `closes.rebalance` of /v1/node counts those that went. A new
 * move takes the place of one that is under way.
 */
import { ADDRESSES_SCHEMA, readAddresses } from '../bye-address-list.ts'
import { jsonContent, problemContent } from '../operation.ts'
import { ProblemError } from '../problem.ts'
import type { Route } from '../route.ts'

const RATE_MAX = 10_000_000
const DEVICES_MAX = 1_000_000_000

export const moveRoute: Route = {
  method: 'POST',
  path: '/v1/move',
  access: 'admin',
  scope: 'kick',
  operation: {
    operationId: 'move',
    summary: 'Move some devices to other nodes',
    requestBody: {
      required: true,
      content: jsonContent({
        type: 'object',
        additionalProperties: false,
        required: ['devices', 'rate', 'addresses'],
        properties: {
          devices: { type: 'integer', minimum: 0, maximum: DEVICES_MAX },
          rate: {
            type: 'number',
            minimum: 0,
            maximum: RATE_MAX,
            description: 'Devices per second; 0 is as fast as possible',
          },
          addresses: { ...ADDRESSES_SCHEMA, minItems: 1 },
        },
      }),
    },
    responses: {
      '202': {
        description: 'The move has begun',
        content: jsonContent({
          type: 'object',
          required: ['devices', 'rate'],
          properties: { devices: { type: 'integer' }, rate: { type: 'number' } },
        }),
      },
      '400': { description: 'Not a move', content: problemContent() },
      '503': { description: 'The node is draining already', content: problemContent() },
    },
  },
  async handle({ control }, request, reply) {
    const { devices, rate, addresses } = orderOf(request.body)
    const { reason } = control.readiness()
    if (reason === 'draining') throw new ProblemError('unavailable', 'all devices are moving')
    const moving = await control.move({ devices, devicesPerSecond: rate, addresses })
    reply.code(202)
    return { devices: moving, rate }
  },
}

function orderOf(body: unknown) {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ProblemError('bad-field', 'the body must be {"devices", "rate", "addresses"}')
  }
  const { devices, rate, addresses, ...rest } = body as Record<string, unknown>
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) {
    const name = JSON.stringify(unknown.slice(0, 40))
    throw new ProblemError('unknown-field', `a move has no field ${name}`)
  }
  if (!isWithin(devices, DEVICES_MAX) || !Number.isInteger(devices)) {
    throw new ProblemError('bad-field', `"devices" must be a whole number, 0-${DEVICES_MAX}`)
  }
  if (!isWithin(rate, RATE_MAX)) {
    throw new ProblemError('bad-field', `"rate" must be devices per second, 0-${RATE_MAX}`)
  }
  const where = readAddresses(addresses)
  if (where.length === 0) throw new ProblemError('bad-field', '"addresses" must name one at least')
  return { devices, rate, addresses: where }
}

function isWithin(value: unknown, max: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= max
}
