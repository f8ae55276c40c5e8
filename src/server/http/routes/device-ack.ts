/** POST /v1/ack: a device over HTTP has received all up to an event, without reconnecting. */
import { cursorOf, DEVICE_PARAMETERS, queryOf } from '../device-request.ts'
import { problemContent } from '../operation.ts'
import { ProblemError } from '../problem.ts'
import type { Route } from '../route.ts'
import { devicesOf, verifiedDevice } from './device-carrier.ts'

export const deviceAckRoute: Route = {
  method: 'POST',
  path: '/v1/ack',
  access: 'device',
  operation: {
    operationId: 'deviceAck',
    summary: 'Acknowledge all events up to an id',
    parameters: [
      ...DEVICE_PARAMETERS,
      { name: 'after', in: 'query', required: true, schema: { type: 'string' } },
    ],
    responses: {
      '204': { description: 'Taken' },
      '400': { description: 'Not the id of an event', content: problemContent() },
      '401': { description: 'The token is not the device’s', content: problemContent() },
      '409': { description: 'The device has no session over HTTP', content: problemContent() },
    },
  },
  async handle(context, request, reply) {
    const carrier = devicesOf(context, request)
    const query = queryOf(request, ['after'])
    const deviceId = await verifiedDevice(carrier, request, reply, query)
    if (!carrier.devices.ack(deviceId, cursorOf('after', query.after))) {
      throw new ProblemError('no-session', 'open /v1/events or /v1/poll first, and stay there')
    }
    reply.code(204)
    return null
  },
}
