import Fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_HTTP_LIMITS } from '../../../src/server/http/limits.ts'
import { SCHEMAS } from '../../../src/server/http/openapi-schemas.ts'
import { ROUTES } from '../../../src/server/http/route-table.ts'
import { TestServer } from './test-server.ts'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start()
})
afterEach(() => server.stop())

// biome-ignore lint: a document is looked into freely
type Document = any

async function description(): Promise<Document> {
  return (await server.ask('/v1/openapi.json')).json
}

describe('the OpenAPI document', () => {
  it('describes exactly the routes that are served', async () => {
    const { paths } = await description()
    const described = Object.entries(paths as Record<string, object>).flatMap(
      ([path, operations]) =>
        Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const served: string[] = []
    for (const path of [...Object.keys(paths), '/v1/nothing']) {
      for (const method of ['GET', 'POST', 'DELETE', 'PUT'] as const) {
        const answer = await server.ask(path.replace('{id}', 'a'), { method })
        // "batch" is read as an id there.
        const isId = method === 'GET' && path === '/v1/push/batch'
        const isMissing = answer.json?.code === 'not-found' || answer.status === 405 || isId
        if (!isMissing) served.push(`${method} ${path}`)
      }
    }
    expect(served.sort()).toEqual(described.sort())
  })

  it('has every reference that it makes, and an id for every operation', async () => {
    const document = await description()
    const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? []
    for (const reference of references) {
      expect(document.components.schemas).toHaveProperty(reference.split('/')[3])
    }
    const ids = ROUTES.map((route) => route.operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('states the limits that are enforced', async () => {
    const { to } = (await description()).components.schemas.Push.properties
    expect(to.oneOf[0].maxItems).toBe(DEFAULT_HTTP_LIMITS.deviceIdsPerPushMax)
    expect(to.oneOf[0].items.maxLength).toBe(DEFAULT_HTTP_LIMITS.deviceIdBytesMax)
  })

  it.each([
    ['/v1/push', 'PushOutcome', { to: 'all', payload: 'x' }],
    ['/v1/devices/a', 'DeviceState', undefined],
    ['/v1/node', 'NodeDescription', undefined],
    ['/v1/devices/b', 'Problem', undefined],
  ])('describes what %s answers as %s, field by field', async (path, schema, body) => {
    server.node.connect('a', ['t'])
    const answer = await server.ask(path, body === undefined ? {} : { body })
    expect(await faultOf(SCHEMAS[schema], answer.json)).toBeNull()
    expect(Object.keys(answer.json).sort()).toEqual(
      Object.keys(SCHEMAS[schema].properties as object).sort(),
    )
  })

  it('describes the errors of a batch stream', async () => {
    const headers = { 'content-type': 'application/x-ndjson' }
    const { text } = await server.ask('/v1/push/batch', { raw: '{}', headers })
    expect(await faultOf(SCHEMAS.BatchError, JSON.parse(text))).toBeNull()
  })
})

/** Checks by the JSON schema validator that fastify carries. */
function faultOf(schema: object, value: unknown): unknown {
  const app = Fastify()
  let fault: unknown = null
  app.post('/', { schema: { body: schema } }, () => null)
  app.addHook('onRequest', async (request) => {
    const validate = request.compileValidationSchema(schema as Record<string, unknown>, 'body')
    fault = validate(structuredClone(value)) ? null : validate.errors
  })
  return app.inject({ url: '/' }).then(() => fault)
}
