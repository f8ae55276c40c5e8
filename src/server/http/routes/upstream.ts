/**
 * GET /v1/upstream: what devices send, as NDJSON for as long as the client reads. A client that
 * does not keep up is ended with a last line that says so.
 */
import { ProblemError } from '../problem.ts'
import type { Route } from '../route.ts'
import { NDJSON_MEDIA_TYPE } from './push-batch.ts'

const PRODUCTS_MAX = 100

export const upstreamRoute: Route = {
  method: 'GET',
  path: '/v1/upstream',
  access: 'admin',
  streams: true,
  operation: {
    operationId: 'consumeUpstream',
    summary: 'Stream what devices send',
    description:
      'One line for each SEND of a device, and with events=device for each device that comes or ' +
      'goes; empty lines keep the connection alive. The last line has the type "end" and a code: ' +
      '"too-slow" where the client did not read fast enough, or "shutting-down".',
    parameters: [
      {
        name: 'product',
        in: 'query',
        required: false,
        schema: { type: 'array', items: { type: 'string' }, maxItems: PRODUCTS_MAX },
      },
      { name: 'events', in: 'query', required: false, schema: { enum: ['device'] } },
    ],
    responses: {
      '200': {
        description: 'Lines as they come',
        content: {
          [NDJSON_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/UpstreamEvent' } },
        },
      },
      '400': { description: 'A parameter is wrong' },
    },
  },
  async handle({ upstream, batches }, request, reply) {
    const { product, events, ...rest } = request.query as Record<string, unknown>
    const unknown = Object.keys(rest)[0]
    if (unknown !== undefined) {
      const name = JSON.stringify(unknown.slice(0, 40))
      throw new ProblemError('unknown-field', `/v1/upstream has no parameter ${name}`)
    }
    const products = product === undefined ? [] : [product].flat()
    if (products.length > PRODUCTS_MAX || products.some((name) => !isProduct(name))) {
      const rule = `product must be given 0-${PRODUCTS_MAX} times, each not empty`
      throw new ProblemError('bad-field', rule)
    }
    if (events !== undefined && events !== 'device') {
      throw new ProblemError('bad-field', 'events must be "device"')
    }
    if (request.method === 'HEAD') return ''
    const consumer = upstream?.openConsumer(reply.raw, products as string[], events === 'device')
    if (!consumer) throw new ProblemError('unavailable', 'there are consumers enough')
    const stream = {
      stop: () => void consumer.end('shutting-down', 'the node shuts down'),
    }
    reply.hijack()
    reply.raw.writeHead(200, {
      'content-type': NDJSON_MEDIA_TYPE,
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    reply.raw.flushHeaders()
    batches.add(stream)
    await consumer.done
    batches.delete(stream)
    return undefined
  },
}

function isProduct(name: unknown): boolean {
  return typeof name === 'string' && name !== ''
}
