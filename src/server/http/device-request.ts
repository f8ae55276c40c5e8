/**
 * What requests of devices have in common: who asks, with which token, and where it is. A token in
 * the query is for EventSource, which can send no header; it is never part of a log line.
 */
import type { FastifyRequest } from 'fastify'
import { LIMITS } from '../../protocol/frame-types.ts'
import type { DeliveryCursor } from '../http-devices/delivery-cursor.ts'
import { parseCursor } from '../http-devices/delivery-cursor.ts'
import type { HelloOfHttp } from '../http-devices/http-device.ts'
import { addressOf } from '../http-devices/http-devices.ts'
import type { Operation } from './operation.ts'
import { ProblemError } from './problem.ts'
import { isName } from './push-request.ts'

export const DEVICE_PARAMETERS: NonNullable<Operation['parameters']> = [
  {
    name: 'device',
    in: 'query',
    required: true,
    schema: { type: 'string', minLength: 1, maxLength: LIMITS.deviceIdBytesMax },
  },
  { name: 'token', in: 'query', required: false, schema: { type: 'string' } },
]

export const TAG_PARAMETER = {
  name: 'tag',
  in: 'query',
  required: false,
  schema: { type: 'array', items: { type: 'string' }, maxItems: LIMITS.tagCountMax },
} as const

export type Query = Readonly<Record<string, unknown>>

/** Throws bad-field or unknown-field; `more` are the parameters of this route beside the usual. */
export function queryOf(request: FastifyRequest, more: readonly string[]): Query {
  const query = request.query as Query
  const known = ['device', 'token', ...more]
  const unknown = Object.keys(query).find((name) => !known.includes(name))
  if (unknown === undefined) return query
  const name = JSON.stringify(unknown.slice(0, 40))
  throw new ProblemError('unknown-field', `expected ${known.join(', ')}, got ${name}`)
}

export function deviceOf(query: Query): string {
  if (isName(query.device, LIMITS.deviceIdBytesMax)) return query.device
  const rule = `device must be given once and have 1-${LIMITS.deviceIdBytesMax} bytes`
  throw new ProblemError('bad-field', rule)
}

/** From Authorization: Bearer, else from the query; '' where there is none. */
export function tokenOf(request: FastifyRequest, query: Query): string {
  const fromHeader = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '')?.[1]
  const token = fromHeader ?? query.token ?? ''
  if (typeof token === 'string' && token.length <= LIMITS.tokenBytesMax) return token
  throw new ProblemError('bad-field', `token must have at most ${LIMITS.tokenBytesMax} bytes`)
}

export function helloOf(
  request: FastifyRequest,
  query: Query,
  cursor: DeliveryCursor,
): HelloOfHttp {
  const tags = query.tag === undefined ? [] : [query.tag].flat()
  if (tags.length > LIMITS.tagCountMax || !tags.every((tag) => isName(tag, LIMITS.tagBytesMax))) {
    const { tagCountMax, tagBytesMax } = LIMITS
    const rule = `tag may be given ${tagCountMax} times, each of 1-${tagBytesMax} bytes`
    throw new ProblemError('bad-field', rule)
  }
  return {
    deviceId: deviceOf(query),
    token: tokenOf(request, query),
    tags: tags as string[],
    cursor,
    address: addressOf(request.raw),
  }
}

/** "" is the start: nothing was received. */
export function cursorOf(name: string, text: unknown): DeliveryCursor {
  const cursor = text === undefined || text === '' ? parseCursor('0') : parseCursor(String(text))
  if (cursor) return cursor
  throw new ProblemError('bad-field', `${name} must be the id of an event, as "42-7"`)
}
