/**
 * GET /v1/dispatch: where a device should connect, as a set of addresses, best first. Open, because
 * a device asks before it has a connection, and what it learns are addresses that all devices know.
 * Any node answers for the whole cluster; a node without one answers with itself.
 */
import type { FastifyRequest } from 'fastify'
import { devicePoint } from '../../../cluster/dispatch/strict-placement.ts'
import type { NodeRecord } from '../../../cluster/node-record.ts'
import { originHeaders } from '../device-origin.ts'
import { DEVICE_PARAMETERS, deviceOf, type Query, queryOf } from '../device-request.ts'
import { jsonContent, problemContent } from '../operation.ts'
import { ProblemError } from '../problem.ts'
import { isName } from '../push-request.ts'
import type { ApiContext, Route } from '../route.ts'

const SITE_BYTES_MAX = 64
const RETRIED_MAX = 1_000
/** How long a device may keep a set that works: membership changes reach it by BYE, too. */
const KEEP_SECONDS = 3_600

export const dispatchRoute: Route = {
  method: 'GET',
  path: '/v1/dispatch',
  access: 'open',
  operation: {
    operationId: 'dispatch',
    summary: 'Where a device should connect',
    description:
      'By consistent hash with bounded load over the nodes that take devices, those of `site` ' +
      'first (without it, of the site of this node). `retried` counts the sets that the device ' +
      'has tried in vain: then another site leads, or other nodes where there is one site.',
    parameters: [
      DEVICE_PARAMETERS[0],
      {
        name: 'site',
        in: 'query',
        required: false,
        schema: { type: 'string', maxLength: SITE_BYTES_MAX },
      },
      {
        name: 'retried',
        in: 'query',
        required: false,
        schema: { type: 'integer', minimum: 0, maximum: RETRIED_MAX, default: 0 },
      },
    ],
    responses: {
      '200': {
        description: 'Best first',
        content: jsonContent({ $ref: '#/components/schemas/DispatchSet' }),
      },
      '400': { description: 'A parameter is wrong', content: problemContent() },
      '503': { description: 'No node takes devices', content: problemContent() },
    },
  },
  async handle(context, request, reply) {
    const headers = originHeaders(request, context.origins)
    const query = queryOf(request, ['site', 'retried'])
    const device = deviceOf(query)
    const [site, retried] = [siteOf(query), retriedOf(query)]
    const { dispatcher, control } = context
    const nodes =
      dispatcher === null
        ? await ownSet(context, request)
        : dispatcher.nodesFor({ point: devicePoint(control.hashOf(device).high), site, retried })
    if (nodes.length === 0) throw new ProblemError('unavailable', 'no node takes devices now')
    reply.headers({ ...headers, 'cache-control': 'no-store' })
    return {
      device,
      addresses: {
        tcp: nodes.flatMap(({ addresses }) => addresses.tcp),
        ws: nodes.flatMap(({ addresses }) => addresses.ws),
      },
      nodes: nodes.map(describeNode),
      keepSeconds: KEEP_SECONDS,
    }
  },
}

async function ownSet(context: ApiContext, request: FastifyRequest): Promise<NodeRecord[]> {
  const node = await context.ownView.record(request.headers.host ?? '')
  return node.state === 'ready' ? [node] : []
}

function describeNode({ name, site, load, addresses, http }: NodeRecord) {
  return {
    name,
    site,
    load: Math.round(load * 1_000) / 1_000,
    addresses,
    probe: `${http}/v1/probe`,
  }
}

function siteOf({ site = '' }: Query): string {
  if (site === '' || isName(site, SITE_BYTES_MAX)) return site
  throw new ProblemError(
    'bad-field',
    `site must be given once, with at most ${SITE_BYTES_MAX} bytes`,
  )
}

function retriedOf({ retried = '0' }: Query): number {
  const count = /^\d{1,4}$/.test(String(retried)) ? Number(retried) : Number.NaN
  if (count <= RETRIED_MAX) return count
  throw new ProblemError('bad-field', `retried must be a whole number from 0 to ${RETRIED_MAX}`)
}
