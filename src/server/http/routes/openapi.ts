/** GET /v1/openapi.json: the description of this API, made from the routes themselves. */
import { jsonContent } from '../operation.ts'
import type { Route } from '../route.ts'

export const openApiRoute: Route = {
  method: 'GET',
  path: '/v1/openapi.json',
  access: 'admin',
  operation: {
    operationId: 'getOpenApi',
    summary: 'This description',
    responses: { '200': { description: 'OpenAPI 3.1', content: jsonContent({ type: 'object' }) } },
  },
  async handle({ openApi }) {
    return openApi
  },
}
