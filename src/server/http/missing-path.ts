/**
 * What is answered where no route fits: 405 with Allow where the path exists for another method,
 * else 404.
 */
import type { FastifyReply } from 'fastify'
import { problemOf } from './problem.ts'
import { sendProblem } from './problem-reply.ts'
import { ROUTES } from './route-table.ts'

export function answerMissingPath(method: string, url: string, reply: FastifyReply): void {
  const path = url.split('?', 1)[0]
  const allowed = ROUTES.filter((route) => patternOf(route.path).test(path)).map((r) => r.method)
  const problem =
    allowed.length === 0
      ? problemOf('not-found', 'this path is not part of the API; see /v1/openapi.json')
      : problemOf('method-not-allowed', `${method} is not known here, ${allowed.join(', ')} is`)
  if (allowed.length > 0) reply.header('allow', allowed.join(', '))
  sendProblem(reply, problem)
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\./g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`)
}
