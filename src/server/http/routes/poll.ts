/** GET /v1/poll: a device that asks again and again, where nothing else gets through. */
import { parseDurationMs } from '../../../config/units.ts'
import { cursorText } from '../../http-devices/delivery-cursor.ts'
import { cursorOf, DEVICE_PARAMETERS, helloOf, queryOf, TAG_PARAMETER } from '../device-request.ts'
import { jsonContent, problemContent } from '../operation.ts'
import { ProblemError } from '../problem.ts'
import type { Route } from '../route.ts'
import { devicesOf, verifiedDevice } from './device-carrier.ts'

const WAIT_DEFAULT = '30s'
const WAIT_MS_MAX = 60_000

export const pollRoute: Route = {
  method: 'GET',
  path: '/v1/poll',
  access: 'device',
  streams: true,
  operation: {
    operationId: 'devicePoll',
    summary: 'Be a device, by long polling',
    description:
      'Answers with the frames that have come (push.v1.json), or with none after `wait`. ' +
      'The next request gives back `session` and `after` of the answer; all before `after` ' +
      'is received.',
    parameters: [
      ...DEVICE_PARAMETERS,
      TAG_PARAMETER,
      { name: 'session', in: 'query', required: false, schema: { type: 'string' } },
      { name: 'after', in: 'query', required: false, schema: { type: 'string' } },
      {
        name: 'wait',
        in: 'query',
        required: false,
        schema: { type: 'string', default: WAIT_DEFAULT, description: 'At most 60s' },
      },
    ],
    responses: {
      '200': {
        description: 'Frames, the last one a BYE where the session is over',
        content: jsonContent({ $ref: '#/components/schemas/PollAnswer' }),
      },
      '400': { description: 'A parameter is wrong', content: problemContent() },
      '401': { description: 'The token is not the device’s', content: problemContent() },
      '503': { description: 'There are devices over HTTP enough', content: problemContent() },
    },
  },
  async handle(context, request, reply) {
    const carrier = devicesOf(context, request)
    const query = queryOf(request, ['tag', 'session', 'after', 'wait'])
    const waitMs = parseDurationMs(String(query.wait ?? WAIT_DEFAULT))
    if (waitMs === null || waitMs > WAIT_MS_MAX) {
      throw new ProblemError('bad-field', 'wait must be a time from 0 to 60s, such as 30s')
    }
    const hello = helloOf(request, query, cursorOf('after', query.after))
    await verifiedDevice(carrier, request, reply, query)
    if (request.method === 'HEAD') return ''
    const session = String(query.session ?? '')
    const answer = await carrier.devices.poll(hello, session, waitMs, request.raw)
    if (answer === null) {
      throw new ProblemError('unavailable', 'there are devices over HTTP enough')
    }
    if (answer.refusedWith !== 0) {
      throw new ProblemError('unauthorized', 'the device token is missing, wrong or expired')
    }
    const after = JSON.stringify(cursorText(answer.answered))
    reply.type('application/json').header('cache-control', 'no-store')
    return `{"session":"${answer.session}","after":${after},"frames":[${answer.frames.join(',')}]}`
  },
}
