/**
 * DELETE /v1/devices/{id}: closes the device's connection with BYE 4002, after which it does not
 * come back by itself.
 */
import { problemContent } from '../operation.ts'
import type { Route } from '../route.ts'
import { DEVICE_ID_PARAMETER, deviceIdOf, deviceNotFound } from './device-id-parameter.ts'

export const deviceKickRoute: Route = {
  method: 'DELETE',
  path: '/v1/devices/{id}',
  access: 'admin',
  operation: {
    operationId: 'kickDevice',
    summary: 'Close the connection of one device (BYE 4002)',
    parameters: [DEVICE_ID_PARAMETER],
    responses: {
      '204': { description: 'Closed' },
      '404': { description: 'Not connected to this node', content: problemContent() },
    },
  },
  async handle({ control, limits }, request, reply) {
    const deviceId = deviceIdOf(request, limits)
    if (!(await control.kickDevice(deviceId))) throw deviceNotFound(deviceId)
    reply.code(204)
    return null
  },
}
