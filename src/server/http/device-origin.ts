/**
 * Which web pages may be devices over HTTP: those of --allow-origin. A browser asks first
 * (preflight) and shows a page only answers that name its origin; a page that is not listed gets
 * 403, so that nothing is done in its name.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OriginList } from '../guard/origin-list.ts'
import { ProblemError } from './problem.ts'

const PREFLIGHT_SECONDS = '600'

/** Headers for the answer; throws origin-not-allowed. Without a list other pages get none. */
export function originHeaders(
  request: FastifyRequest,
  origins: OriginList,
): Readonly<Record<string, string>> {
  const { origin } = request.headers
  if (origin === undefined || origins.admitsAll) return {}
  if (!origins.admits(origin)) {
    throw new ProblemError('origin-not-allowed', 'this page is not one of --allow-origin')
  }
  return { 'access-control-allow-origin': origin, vary: 'origin' }
}

/** Answers the question of a browser before a request that a form could not send. */
export function answerPreflight(reply: FastifyReply, headers: Readonly<Record<string, string>>) {
  reply
    .code(204)
    .headers({
      ...headers,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type, last-event-id',
      'access-control-max-age': PREFLIGHT_SECONDS,
    })
    .send()
}
