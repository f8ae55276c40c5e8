/** What the routes of devices check first: that the node serves them, and the page that asks. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpDevices } from '../../http-devices/http-devices.ts'
import { originHeaders } from '../device-origin.ts'
import { deviceOf, type Query, tokenOf } from '../device-request.ts'
import { ProblemError } from '../problem.ts'
import type { ApiContext } from '../route.ts'

export interface DeviceCarrier {
  readonly devices: HttpDevices
  /** For the answer: what lets the page read it. */
  readonly headers: Readonly<Record<string, string>>
}

export function devicesOf(context: ApiContext, request: FastifyRequest): DeviceCarrier {
  const headers = originHeaders(request, context.origins)
  if (context.devices === null) {
    throw new ProblemError('unavailable', 'this node serves no devices over HTTP')
  }
  return { devices: context.devices, headers }
}

/** For requests beside a connection: the device, once its token is verified. */
export async function verifiedDevice(
  { devices, headers }: DeviceCarrier,
  request: FastifyRequest,
  reply: FastifyReply,
  query: Query,
): Promise<string> {
  reply.headers(headers)
  const deviceId = deviceOf(query)
  if (await devices.isVerified(deviceId, tokenOf(request, query))) return deviceId
  throw new ProblemError('unauthorized', 'the device token is missing, wrong or expired')
}
