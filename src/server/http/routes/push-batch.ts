/**
 * POST /v1/push/batch: pushes as NDJSON, answers as NDJSON, both streamed at once over one request
 * of any length. It leaves the framework after the checks: answers go out as they come, not when
 * the request is over.
 */
import { BatchExchange } from '../batch-exchange.ts'
import type { Route } from '../route.ts'

export const NDJSON_MEDIA_TYPE = 'application/x-ndjson'

export const pushBatchRoute: Route = {
  method: 'POST',
  path: '/v1/push/batch',
  access: 'admin',
  streams: true,
  operation: {
    operationId: 'pushBatch',
    summary: 'Push many messages over one stream',
    description:
      'Each line is a Push. Each line that is not empty gets one line of answer, in order: ' +
      'a PushOutcome, or ' +
      '{"error": …} with the problem and its line number, after which the stream goes on.',
    requestBody: {
      required: true,
      content: { [NDJSON_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Push' } } },
    },
    responses: {
      '200': {
        description: 'One answer per line',
        content: {
          [NDJSON_MEDIA_TYPE]: {
            schema: {
              oneOf: [
                { $ref: '#/components/schemas/PushOutcome' },
                { $ref: '#/components/schemas/BatchError' },
              ],
            },
          },
        },
      },
    },
  },
  async handle(context, request, reply) {
    reply.hijack()
    const response = reply.raw
    response.writeHead(200, { 'content-type': NDJSON_MEDIA_TYPE, 'cache-control': 'no-store' })
    response.flushHeaders()
    const exchange = new BatchExchange(context, request.raw, response)
    context.batches.add(exchange)
    await exchange.done
    context.batches.delete(exchange)
    return undefined
  },
}
