/** POST /v1/send: what a device over HTTP sends upstream, as SEND does on other carriers. */
import { LIMITS, SENT_STATUS } from '../../../protocol/frame-types.ts'
import { DEVICE_PARAMETERS, queryOf } from '../device-request.ts'
import { jsonContent, problemContent } from '../operation.ts'
import { ProblemError } from '../problem.ts'
import { isName } from '../push-request.ts'
import type { Route } from '../route.ts'
import { devicesOf, verifiedDevice } from './device-carrier.ts'

const FIELDS = ['product', 'route', 'payload', 'payload64']

export const deviceSendRoute: Route = {
  method: 'POST',
  path: '/v1/send',
  access: 'device',
  operation: {
    operationId: 'deviceSend',
    summary: 'Send upstream, as a device that is connected over HTTP',
    parameters: DEVICE_PARAMETERS,
    requestBody: {
      required: true,
      content: jsonContent({
        type: 'object',
        additionalProperties: false,
        required: ['product'],
        properties: {
          product: { type: 'string' },
          route: { type: 'string' },
          payload: { type: 'string' },
          payload64: { type: 'string', contentEncoding: 'base64' },
        },
      }),
    },
    responses: {
      '202': {
        description: 'Somebody has it',
        content: jsonContent({
          type: 'object',
          required: ['status'],
          properties: { status: { const: 'accepted' } },
        }),
      },
      '400': { description: 'A field is wrong', content: problemContent() },
      '401': { description: 'The token is not the device’s', content: problemContent() },
      '409': { description: 'The device has no session over HTTP', content: problemContent() },
      '422': { description: 'Nobody takes the product', content: problemContent() },
      '503': { description: 'All who take it are full', content: problemContent() },
    },
  },
  async handle(context, request, reply) {
    const carrier = devicesOf(context, request)
    const query = queryOf(request, [])
    const deviceId = await verifiedDevice(carrier, request, reply, query)
    const status = await carrier.devices.send(
      deviceId,
      fieldsOf(request.body, context.limits.payloadBytesMax),
    )
    if (status === SENT_STATUS.REFUSED) {
      throw new ProblemError('product-refused', 'nobody takes this product')
    }
    if (status === SENT_STATUS.OVERLOADED) {
      throw new ProblemError('unavailable', 'those who take the product are full; try again later')
    }
    if (status !== SENT_STATUS.ACCEPTED) {
      throw new ProblemError('no-session', 'open /v1/events or /v1/poll first, and stay there')
    }
    reply.code(202)
    return { status: 'accepted' }
  },
}

function fieldsOf(body: unknown, payloadBytesMax: number): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ProblemError('bad-field', 'the body must be a JSON object')
  }
  const unknown = Object.keys(body).find((name) => !FIELDS.includes(name))
  if (unknown !== undefined) {
    const name = JSON.stringify(unknown.slice(0, 40))
    throw new ProblemError('unknown-field', `expected ${FIELDS.join(', ')}, got ${name}`)
  }
  const { product, route = '', payload, payload64 } = body as Record<string, unknown>
  if (!isName(product, LIMITS.productBytesMax)) {
    throw new ProblemError('bad-field', `product must have 1-${LIMITS.productBytesMax} bytes`)
  }
  if (route !== '' && !isName(route, LIMITS.routeBytesMax)) {
    throw new ProblemError('bad-field', `route must have at most ${LIMITS.routeBytesMax} bytes`)
  }
  if (payload !== undefined && payload64 !== undefined) {
    throw new ProblemError('bad-field', 'at most one of payload and payload64 is taken, got both')
  }
  const text = payload ?? payload64 ?? ''
  if (typeof text !== 'string' || !text.isWellFormed()) {
    throw new ProblemError('bad-field', 'payload and payload64 must be strings')
  }
  if (payload64 !== undefined && !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new ProblemError('bad-field', 'payload64 must be base64')
  }
  const bytes = Buffer.byteLength(text, payload64 === undefined ? 'utf8' : 'base64')
  // The head of a SEND is longer than that of a push.
  if (bytes > payloadBytesMax - LIMITS.productBytesMax - LIMITS.routeBytesMax) {
    throw new ProblemError('payload-too-large', `a payload of ${bytes} bytes fits no frame`)
  }
  return body as Record<string, unknown>
}
