/**
 * Sends a problem. The media type has no charset parameter (RFC 9457), which the framework would
 * add by itself.
 */
import type { FastifyReply } from 'fastify'
import { PROBLEM_MEDIA_TYPE, type Problem } from './problem.ts'

/** What a node cannot do now it can do soon, or not at all: a look a second is no burden. */
const RETRY_AFTER_SECONDS = '1'

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  if (problem.code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="pushctl"')
  if (problem.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
  reply
    .code(problem.status)
    .header('content-type', PROBLEM_MEDIA_TYPE)
    .header('cache-control', 'no-store')
    .serializer(JSON.stringify)
    .send(problem)
}
