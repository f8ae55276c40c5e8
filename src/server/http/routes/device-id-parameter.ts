/** The {id} of /v1/devices/{id}: described, read and checked in one place. */
import type { FastifyRequest } from 'fastify'
import type { HttpLimits } from '../limits.ts'
import { ProblemError } from '../problem.ts'
import { isName } from '../push-request.ts'

export const DEVICE_ID_PARAMETER = {
  name: 'id',
  in: 'path',
  required: true,
  schema: { type: 'string', minLength: 1, maxLength: 128 },
} as const

export function deviceIdOf(request: FastifyRequest, limits: HttpLimits): string {
  const { id } = request.params as { id: string }
  if (isName(id, limits.deviceIdBytesMax)) return id
  const rule = `a device id has 1-${limits.deviceIdBytesMax} bytes`
  throw new ProblemError('bad-field', `${rule}, got ${Buffer.byteLength(id)}`)
}

export function deviceNotFound(deviceId: string): ProblemError {
  const detail = `device ${JSON.stringify(deviceId)} is not connected to this node`
  return new ProblemError('device-not-found', detail)
}
