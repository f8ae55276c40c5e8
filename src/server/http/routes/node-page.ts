/**
 * GET /: the node page, for people. It holds no state of the node itself: its script asks /v1/node
 * with the token.
 */
import { NODE_PAGE_HEADERS, NODE_PAGE_HTML } from '../page/node-page.ts'
import type { Route } from '../route.ts'

export const nodePageRoute: Route = {
  method: 'GET',
  path: '/',
  access: 'open',
  operation: {
    operationId: 'getPage',
    summary: 'The node page',
    responses: {
      '200': {
        description: 'One self-contained page',
        content: { 'text/html': { schema: { type: 'string' } } },
      },
    },
  },
  async handle(_context, _request, reply) {
    reply.headers(NODE_PAGE_HEADERS)
    return NODE_PAGE_HTML
  },
}
