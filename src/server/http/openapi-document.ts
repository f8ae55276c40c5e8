/**
 * The OpenAPI 3.1 document, made from the route table, so that a route cannot be served
 * undescribed. Problems that do not depend on the route (no token, too large, failed) are added
 * here once.
 */
import { SCHEMAS } from './openapi-schemas.ts'
import { problemContent } from './operation.ts'
import type { Route } from './route.ts'

const SECURITY: Readonly<Record<Route['access'], readonly object[]>> = {
  open: [],
  admin: [{ adminToken: [] }],
  metrics: [{ adminToken: [] }],
  device: [{ deviceToken: [] }],
}

/** Version of the API, not of the package: it changes when a client must. */
const API_VERSION = '1.0'

export function openApiDocument(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    paths[route.path] ??= {}
    paths[route.path][route.method.toLowerCase()] = describeRoute(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'pushctl node',
      version: API_VERSION,
      description: 'Control plane of one push node. Errors are RFC 9457 problem details.',
    },
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        adminToken: { type: 'http', scheme: 'bearer', description: 'Where the node has a token' },
        deviceToken: { type: 'http', scheme: 'bearer', description: 'Also as token in the query' },
      },
    },
  }
}

function describeRoute({ access, operation, streams }: Route): object {
  const responses: Record<string, unknown> = { ...operation.responses }
  if (access === 'admin' || access === 'metrics') {
    responses['401'] = { description: 'No or wrong admin token', content: problemContent() }
  }
  if (operation.requestBody !== undefined) {
    responses['415'] = { description: 'Wrong content type', content: problemContent() }
    if (!streams) addBodyProblems(responses)
  }
  responses.default = { description: 'Any other problem', content: problemContent() }
  return { ...operation, responses, security: SECURITY[access] }
}

function addBodyProblems(responses: Record<string, unknown>): void {
  responses['408'] = { description: 'The body came too slowly', content: problemContent() }
  responses['413'] = { description: 'The body is too large', content: problemContent() }
}
