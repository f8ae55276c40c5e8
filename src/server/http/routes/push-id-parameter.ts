/** The {id} of a stored push: described, read and missed in one place. */
import type { FastifyRequest } from 'fastify'
import { ProblemError } from '../problem.ts'

const ID_LENGTH_MAX = 64

export const PUSH_ID_PARAMETER = {
  name: 'id',
  in: 'path',
  required: true,
  schema: { type: 'string', minLength: 1, maxLength: ID_LENGTH_MAX },
} as const

export function pushIdOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id
}

/** `what` is missing, with the id behind it and `why` at the end. */
export function pushNotFound(what: string, pushId: string, why: string): ProblemError {
  const name = JSON.stringify(pushId.slice(0, ID_LENGTH_MAX))
  return new ProblemError('push-not-found', `${what} ${name}${why}`)
}
