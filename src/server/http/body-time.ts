/**
 * Holds the body of one request to a time limit. Node's own requestTimeout would end batch streams
 * as well.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { problemOf } from './problem.ts'
import { sendProblem } from './problem-reply.ts'

type Done = (failure: null, payload: FastifyRequest['raw']) => void

export function watchBodyTime(bodyTimeoutMs: number) {
  return (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done): void => {
    const { raw } = request
    if (!raw.complete) {
      const timer = setTimeout(() => answerTimeout(reply, bodyTimeoutMs), bodyTimeoutMs)
      const clear = (): void => clearTimeout(timer)
      raw.once('end', clear)
      raw.once('close', clear)
    }
    done(null, payload as FastifyRequest['raw'])
  }
}

function answerTimeout(reply: FastifyReply, bodyTimeoutMs: number): void {
  if (reply.sent) return
  const problem = problemOf('request-timeout', `the body must arrive within ${bodyTimeoutMs} ms`)
  sendProblem(reply.header('connection', 'close'), problem)
}
