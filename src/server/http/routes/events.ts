/** GET /v1/events: a device as a stream of server-sent events. */
import { DEVICE_PARAMETERS, cursorOf, helloOf, queryOf, TAG_PARAMETER } from '../device-request.ts'
import { problemContent } from '../operation.ts'
import { PROBLEM_MEDIA_TYPE, type ProblemCode, problemOf } from '../problem.ts'
import type { Route } from '../route.ts'
import { devicesOf } from './device-carrier.ts'

export const eventsRoute: Route = {
  method: 'GET',
  path: '/v1/events',
  access: 'device',
  streams: true,
  operation: {
    operationId: 'deviceEvents',
    summary: 'Be a device, over server-sent events',
    description:
      'Frames of the node as JSON (push.v1.json): a MSG is a message, others are events named ' +
      'like the frame in lower case. The id of a stored message comes back as Last-Event-ID: it ' +
      'and all before it are received.',
    parameters: [
      ...DEVICE_PARAMETERS,
      TAG_PARAMETER,
      { name: 'after', in: 'query', required: false, schema: { type: 'string' } },
    ],
    responses: {
      '200': {
        description: 'A stream of events',
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
      '400': { description: 'A parameter is wrong', content: problemContent() },
      '401': { description: 'The token is not the device’s', content: problemContent() },
      '503': { description: 'There are devices over HTTP enough', content: problemContent() },
    },
  },
  async handle(context, request, reply) {
    const { devices, headers } = devicesOf(context, request)
    const query = queryOf(request, ['tag', 'after'])
    const after = request.headers['last-event-id'] ?? query.after
    const hello = helloOf(request, query, cursorOf('Last-Event-ID', after))
    if (request.method === 'HEAD') return ''
    const closed = new Promise<void>((resolve) => reply.raw.once('close', () => resolve()))
    const refuse = (code: ProblemCode, detail: string) => {
      const problem = problemOf(code, detail)
      reply.raw.writeHead(problem.status, { ...headers, 'content-type': PROBLEM_MEDIA_TYPE })
      reply.raw.end(JSON.stringify(problem))
    }
    reply.hijack()
    const isTaken = await devices.openEvents(hello, reply.raw, headers, () =>
      refuse('unauthorized', 'the device token is missing, wrong or expired'),
    )
    if (!isTaken) refuse('unavailable', 'there are devices over HTTP enough')
    await closed
    return undefined
  },
}
