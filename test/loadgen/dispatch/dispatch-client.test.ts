import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { DispatchClient } from '../../../src/loadgen/dispatch/dispatch-client.ts'

type Answer = (url: string) => { status: number; body: object; afterMs?: number }

const servers: Server[] = []
let client: DispatchClient | null = null
afterEach(async () => {
  await client?.close()
  client = null
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function serve(answer: Answer): Promise<{ origin: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const { status, body, afterMs = 0 } = answer(request.url ?? '')
    setTimeout(() => response.writeHead(status).end(JSON.stringify(body)), afterMs)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

function clientOf(...urls: string[]): DispatchClient {
  client = new DispatchClient({ urls, site: 'east', carrier: 'tcp', races: true })
  return client
}

const node = (name: string, origin: string) => ({
  name,
  site: 'east',
  load: 0,
  addresses: { tcp: [`${name}:7000`], ws: [] },
  probe: `${origin}/v1/probe`,
})

describe('the dispatch client', () => {
  it('tells device, site and how often it has tried, and keeps the order of the set', async () => {
    const { origin, asked } = await serve(() => ({
      status: 200,
      body: { nodes: [node('b', 'http://b'), node('a', 'http://a')] },
    }))
    const nodes = await clientOf(origin).ask('phone 1', 2)
    expect(nodes.map(({ address }) => address)).toEqual(['b:7000', 'a:7000'])
    expect(asked).toEqual(['/v1/dispatch?device=phone+1&retried=2&site=east'])
  })

  it('asks the next node where one does not answer, and those it has heard of', async () => {
    const other = await serve(() => ({ status: 200, body: { nodes: [] } }))
    let status = 200
    const { origin } = await serve(() => ({ status, body: { nodes: [node('a', other.origin)] } }))
    const asking = clientOf('http://127.0.0.1:1', origin)
    expect(await asking.ask('d', 0)).toHaveLength(1)
    status = 503
    expect(await asking.ask('d', 0)).toHaveLength(0)
    expect(other.asked).toHaveLength(1)
  })

  it('has no node, and says why, where nobody answers with a set', async () => {
    const { origin } = await serve(() => ({ status: 503, body: {} }))
    const asking = clientOf(origin)
    expect(await asking.ask('d', 0)).toEqual([])
    expect(asking.lastFailure).toBe(`${origin} answered with status 503`)
  })

  it('takes the node whose probe is answered first with 200', async () => {
    const slow = await serve(() => ({ status: 200, body: {}, afterMs: 500 }))
    const fast = await serve(() => ({ status: 200, body: {} }))
    const full = await serve(() => ({ status: 503, body: {} }))
    const set = [full, slow, fast].map(({ origin }, index) => ({
      ...node(`n${index}`, origin),
      address: `n${index}:7000`,
    }))
    expect(await clientOf('http://127.0.0.1:1').race(set)).toBe(2)
    expect(await clientOf('http://127.0.0.1:1').race([set[0], set[0]])).toBe(0)
  })
})
