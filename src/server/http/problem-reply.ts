/**
 * Sends a problem. The media type has no charset parameter (RFC 9457), which the framework would
 * add by itself.
 */
import type { FastifyReply } from 'fastify'
import { PROBLEM_MEDIA_TYPE, type Problem } from './problem.ts'

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  if (problem.code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="pushctl"')
  reply
    .code(problem.status)
    .header('content-type', PROBLEM_MEDIA_TYPE)
    .header('cache-control', 'no-store')
    .serializer(JSON.stringify)
    .send(problem)
}
