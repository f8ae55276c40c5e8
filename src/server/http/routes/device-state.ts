/** GET /v1/devices/{id}: what this node knows of one device. It knows connected devices only. */
import { jsonContent, problemContent } from '../operation.ts'
import type { Route } from '../route.ts'
import { DEVICE_ID_PARAMETER, deviceIdOf, deviceNotFound } from './device-id-parameter.ts'

export const deviceStateRoute: Route = {
  method: 'GET',
  path: '/v1/devices/{id}',
  access: 'admin',
  operation: {
    operationId: 'getDevice',
    summary: 'State of one device',
    parameters: [DEVICE_ID_PARAMETER],
    responses: {
      '200': {
        description: 'Connected',
        content: jsonContent({ $ref: '#/components/schemas/DeviceState' }),
      },
      '404': { description: 'Not connected to this node', content: problemContent() },
    },
  },
  async handle({ control, limits }, request) {
    const deviceId = deviceIdOf(request, limits)
    const state = await control.findDevice(deviceId)
    if (state === null) throw deviceNotFound(deviceId)
    return state
  },
}
