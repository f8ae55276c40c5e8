/**
 * What bodies the API takes: JSON, and NDJSON for the batch stream, which is left unread for its
 * route. There is no parser for text/plain or forms on purpose: those are what a foreign web page
 * may send without asking first.
 */
import type { FastifyInstance } from 'fastify'
import { parseJsonBytes } from './json-body.ts'
import { ProblemError } from './problem.ts'
import { NDJSON_MEDIA_TYPE } from './routes/push-batch.ts'

/** For all routes of this scope. */
export function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, bytes: Buffer) => {
      const parsed = parseJsonBytes(bytes)
      if ('problem' in parsed) throw new ProblemError(parsed.problem.code, parsed.problem.detail)
      return parsed.value
    },
  )
}

/** For all routes of this scope, instead of JSON. */
export function takeNdjson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(NDJSON_MEDIA_TYPE, async () => undefined)
}
