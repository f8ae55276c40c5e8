import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RouteReport } from '../../../src/server/http/request-meter.ts'
import { TestServer } from './test-server.ts'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start()
})
afterEach(() => server.stop())

describe('POST /v1/push', () => {
  it('hands a push to named devices and says how many are online', async () => {
    server.node.connect('a')
    const answer = await server.ask('/v1/push', { body: { to: ['a', 'b', 'a'], payload: 'hé' } })
    expect(answer.status).toBe(202)
    expect(answer.json).toEqual({ accepted: 2, stored: 0, online: 1, pushId: 'p1' })
    expect(server.node.pushes).toEqual([
      { to: { kind: 'devices', deviceIds: ['a', 'b'] }, payload: Uint8Array.from([104, 195, 169]) },
    ])
  })

  it('takes a tag, all devices, and bytes as base64', async () => {
    server.node.connect('a', ['news'])
    server.node.connect('b')
    const body = { to: { tag: 'news' }, payload64: 'AP8', mode: 'direct', qos: 0 }
    expect((await server.ask('/v1/push', { body })).json.online).toBe(1)
    expect((await server.ask('/v1/push', { body: { to: 'all', payload: '' } })).json.online).toBe(2)
    expect(server.node.pushes).toEqual([
      { to: { kind: 'tag', tag: 'news' }, payload: Uint8Array.from([0, 255]) },
      { to: { kind: 'all' }, payload: Uint8Array.from([]) },
    ])
  })

  it.each([
    [{ to: ['a'], payload: 'x', mode: 'lazy' }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', mode: 'notify', qos: 0 }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', mode: 'toString', qos: 1 }, 'bad-field', 400],
    [{ to: 'all', payload: 'x', qos: 1, mode: 'lazy' }, 'not-supported', 422],
    [{ to: { tag: 't' }, payload: 'x', qos: 1, mode: 'notify' }, 'not-supported', 422],
    [{ to: ['a'], payload: 'x', ttlSeconds: 60 }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', qos: 1, ttlSeconds: 0 }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', qos: 1, ttlSeconds: 2_592_001 }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', qos: 1, ttlSeconds: '60' }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', id: '' }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', id: 'é'.repeat(65) }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', rate: 5 }, 'not-supported', 422],
    [{ to: ['a'], payload: 'x', mode: 'fast' }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', qos: 2 }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', prio: 2 }, 'unknown-field', 400],
    [{ to: ['a'] }, 'bad-field', 400],
    [{ to: ['a'], payload: 'x', payload64: 'eA==' }, 'bad-field', 400],
    [{ to: ['a'], payload: 5 }, 'bad-field', 400],
    [{ to: ['a'], payload64: 'e*==' }, 'bad-field', 400],
    [{ payload: 'x' }, 'bad-field', 400],
    [{ to: [], payload: 'x' }, 'bad-field', 400],
    [{ to: [''], payload: 'x' }, 'bad-field', 400],
    [{ to: ['é'.repeat(65)], payload: 'x' }, 'bad-field', 400],
    [{ to: ['\ud800'], payload: 'x' }, 'bad-field', 400],
    [{ to: [1], payload: 'x' }, 'bad-field', 400],
    [{ to: 'everybody', payload: 'x' }, 'bad-field', 400],
    [{ to: { tag: 't', more: 1 }, payload: 'x' }, 'bad-field', 400],
    [{ to: ['a'], payload: '\udfff' }, 'bad-field', 400],
    [[1], 'bad-field', 400],
    ['text', 'bad-field', 400],
  ])('refuses %j as %s', async (body, code, status) => {
    const answer = await server.ask('/v1/push', { body })
    expect([answer.json.code, answer.status]).toEqual([code, status])
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.json).toMatchObject({ status, type: `urn:pushctl:problem:${code}` })
    expect(server.node.pushes).toEqual([])
  })

  it('hands over what is to be stored, with a week as the default', async () => {
    const push = { to: ['a'], payload: 'x', qos: 1 }
    expect((await server.ask('/v1/push', { body: push })).json.stored).toBe(1)
    const body = { ...push, mode: 'lazy', ttlSeconds: 60, id: 'k' }
    await server.ask('/v1/push', { body })
    expect(server.node.pushes.map(({ stored, id }) => [stored, id])).toEqual([
      [{ ttlSeconds: 604_800, mode: 'DIRECT' }, undefined],
      [{ ttlSeconds: 60, mode: 'LAZY' }, 'k'],
    ])
  })

  it('gives the receipts of a push, or says that it has none', async () => {
    const done = { acked: 1, expired: 0, trimmed: 0 }
    const receipt = { accepted: 2, stored: 2, online: 1, sent: 1, ...done }
    server.node.receipts.set('p1', receipt)
    expect((await server.ask('/v1/push/p1')).json).toEqual({ pushId: 'p1', ...receipt })
    const answer = await server.ask('/v1/push/p2')
    expect([answer.status, answer.json.code]).toEqual([404, 'push-not-found'])
  })

  it('pauses, resumes and cancels a stored broadcast', async () => {
    const counts = { accepted: 2, stored: 1, online: 2, sent: 1, acked: 0, expired: 0, trimmed: 0 }
    server.node.receipts.set('p1', counts)
    for (const [action, state] of [
      ['pause', 'paused'],
      ['resume', 'running'],
      ['cancel', 'cancelled'],
    ]) {
      const answer = await server.ask(`/v1/broadcast/p1/${action}`, { method: 'POST' })
      expect([answer.status, answer.json.state]).toEqual([200, state])
    }
    const answer = await server.ask('/v1/broadcast/p2/pause', { method: 'POST' })
    expect([answer.status, answer.json.code]).toEqual([404, 'push-not-found'])
  })

  it('says why a mode cannot be had', async () => {
    const answer = await server.ask('/v1/push', { body: { to: ['a'], payload: 'x', mode: 'lazy' } })
    expect(answer.json.detail).toBe('mode "lazy" needs qos 1: the push waits in the inbox')
  })

  it('accepts the largest payload and refuses one byte more', async () => {
    const push = (bytes: number) =>
      server.ask('/v1/push', { body: { to: ['a'], payload: 'x'.repeat(bytes) } })
    expect((await push(65_518)).status).toBe(202)
    expect((await push(65_519)).json.code).toBe('payload-too-large')
  })

  it('accepts 10,000 ids of full length and refuses one more', async () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => String(index).padStart(128, 'd'))
    const fits = await server.ask('/v1/push', { body: { to: ids, payload: 'x' } })
    expect(fits.json.accepted).toBe(10_000)
    const more = await server.ask('/v1/push', { body: { to: [...ids, 'one'], payload: 'x' } })
    expect([more.status, more.json.code]).toEqual([422, 'too-many-devices'])
  })

  it('answers 500 without the cause when the node fails, and reports the cause', async () => {
    server.node.failure = new Error('disk secret')
    const answer = await server.ask('/v1/push', { body: { to: 'all', payload: 'x' } })
    expect([answer.status, answer.json.code]).toEqual([500, 'internal-error'])
    expect(answer.text).not.toContain('secret')
    expect(server.failures).toEqual([server.node.failure])
  })
})

describe('bodies', () => {
  it.each([
    ['{"to":', 'bad-json', 400],
    ['', 'bad-json', 400],
    [Buffer.from('{"to":"all","payload":"\xff"}', 'latin1'), 'bad-utf8', 400],
    ['['.repeat(100_000), 'bad-json', 400],
  ])('refuses %j as %s', async (raw, code, status) => {
    const answer = await server.ask('/v1/push', { method: 'POST', raw })
    expect([answer.json.code, answer.status]).toEqual([code, status])
  })

  it('refuses content types that a foreign web page may send unasked', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const answer = await server.ask('/v1/push', { raw: '{}', headers: { 'content-type': type } })
      expect([type, answer.status, answer.json.code]).toEqual([type, 415, 'unsupported-media-type'])
    }
  })

  it('is not fooled by __proto__ in a body', async () => {
    const raw = '{"__proto__":{"to":"all","payload":"x"}}'
    expect((await server.ask('/v1/push', { raw })).json.code).toBe('unknown-field')
  })
})

describe('devices', () => {
  it('shows a connected device, also under an id that needs escaping', async () => {
    const id = 'tab/é %'.padEnd(100, '%')
    server.node.connect(id, ['news'])
    const answer = await server.ask(`/v1/devices/${encodeURIComponent(id)}`)
    expect(answer.json).toEqual(server.node.devices.get(id))
  })

  it('answers 404 for a device that is not connected, and 400 for an id that cannot be one', async () => {
    expect((await server.ask('/v1/devices/a')).json.code).toBe('device-not-found')
    expect((await server.ask(`/v1/devices/${'a'.repeat(129)}`)).json.code).toBe('bad-field')
    expect((await server.ask(`/v1/devices/${'a'.repeat(9_000)}`)).json.code).toBe('bad-field')
    expect((await server.ask('/v1/devices/%zz')).json.code).toBe('bad-http')
  })

  it('kicks a device once', async () => {
    server.node.connect('a')
    expect((await server.ask('/v1/devices/a', { method: 'DELETE' })).status).toBe(204)
    const again = await server.ask('/v1/devices/a', { method: 'DELETE' })
    expect([again.status, again.json.code]).toEqual([404, 'device-not-found'])
  })
})

describe('node', () => {
  it('describes itself', async () => {
    expect((await server.ask('/v1/node')).json).toMatchObject({
      ...(await server.node.describe()),
      ready: true,
      notReadyBecause: '',
    })
  })

  it('tells what the API was asked, by route, and its errors by source', async () => {
    await server.ask('/healthz')
    await server.ask('/v1/nowhere/secret-name')
    server.node.failure = new Error('broken')
    await server.ask('/v1/push', { body: { to: ['a'], payload: 'x' } })
    const { api, errors } = (await server.ask('/v1/node')).json
    const rowOf = (route: string, method: string) =>
      api.routes.find((row: RouteReport) => row.route === route && row.method === method)
    expect(rowOf('/healthz', 'GET')).toMatchObject({ statuses: { 200: 1 }, latency: { count: 1 } })
    expect(rowOf('other', 'any').statuses).toEqual({ 404: 1 })
    expect(rowOf('/v1/push', 'POST').statuses).toEqual({ 500: 1 })
    expect(errors).toMatchObject({ api: 1, device: 0 })
    // The one that asks.
    expect(api.inFlight).toBe(1)
    expect(JSON.stringify(api)).not.toContain('secret-name')
  })

  it('counts a stream as long as it is open, and a client that left as aborted', async () => {
    const aborted = new AbortController()
    const stream = fetch(`${server.origin}/v1/push/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: new ReadableStream({ start: (body) => body.enqueue(Buffer.from('nonsense\n')) }),
      duplex: 'half',
      signal: aborted.signal,
    } as RequestInit)
    expect((await stream).status).toBe(200)
    const report = async () => (await server.ask('/v1/node')).json.api
    expect((await report()).streams).toBe(1)
    aborted.abort()
    let row: RouteReport | undefined
    do {
      const { routes } = await report()
      row = routes.find(({ route }: RouteReport) => route === '/v1/push/batch')
    } while (row?.statuses['aborted'] === undefined)
    expect(row).toMatchObject({ statuses: { aborted: 1 }, latency: null })
    expect((await report()).streams).toBe(0)
  })

  it('begins a drain at the given pace, and is not ready from then on', async () => {
    expect((await server.ask('/readyz')).json).toEqual({ status: 'ready' })
    const answer = await server.ask('/v1/drain', { body: { rate: 500 } })
    expect([answer.status, answer.json]).toEqual([202, { state: 'draining', rate: 500 }])
    expect(server.node.drains).toEqual([500])
    const ready = await server.ask('/readyz')
    expect([ready.status, ready.json.detail]).toEqual([503, 'draining'])
    expect((await server.ask('/healthz')).json).toEqual({ status: 'ok' })
  })

  it('takes a drain back, but no shutdown', async () => {
    await server.ask('/v1/drain', { body: { rate: 500 } })
    const answer = await server.ask('/v1/drain', { method: 'DELETE' })
    expect([answer.status, answer.json]).toEqual([200, { state: 'ready' }])
    expect((await server.ask('/readyz')).status).toBe(200)
    server.node.ready = { ready: false, reason: 'shutting down' }
    const refused = await server.ask('/v1/drain', { method: 'DELETE' })
    expect([refused.status, refused.json.code]).toEqual([503, 'shutting-down'])
  })

  it.each([{}, { rate: -1 }, { rate: '5' }, { rate: 1e300 }, { rate: 5, more: 1 }, [], null])(
    'refuses to drain by %j',
    async (body) => {
      expect((await server.ask('/v1/drain', { body })).status).toBe(400)
      expect(server.node.drains).toEqual([])
    },
  )

  it('hands the addresses of a drain to the node', async () => {
    const addresses = ['10.0.0.2:7000', '[::1]:7000', 'wss://push.example/devices']
    const answer = await server.ask('/v1/drain', { body: { rate: 500, addresses } })
    expect([answer.status, server.node.drainAddresses]).toEqual([202, addresses])
  })

  it.each([
    ...[
      '7000',
      ':7000',
      'host',
      'host:70000',
      'http://host:1',
      'ws://',
      'ws://a:b@host:1',
      'a b:1',
    ],
    ...[5, null, 'x'.repeat(260) + ':1'],
  ])('refuses to send devices to %j', async (address) => {
    for (const [path, more] of [
      ['/v1/drain', {}],
      ['/v1/move', { devices: 1 }],
    ] as const) {
      const answer = await server.ask(path, { body: { rate: 5, addresses: [address], ...more } })
      expect([answer.status, answer.json.code]).toEqual([400, 'bad-field'])
    }
    expect([server.node.drains, server.node.moves]).toEqual([[], []])
  })

  it('begins a move of no more devices than there are, and says of how many', async () => {
    server.node.connect('a')
    const body = { devices: 5, rate: 10, addresses: ['b:1'] }
    const answer = await server.ask('/v1/move', { body })
    expect([answer.status, answer.json]).toEqual([202, { devices: 1, rate: 10 }])
    expect(server.node.moves).toEqual([{ devices: 5, devicesPerSecond: 10, addresses: ['b:1'] }])
    await server.ask('/v1/drain', { body: { rate: 500 } })
    expect((await server.ask('/v1/move', { body })).status).toBe(503)
  })

  it.each([
    { devices: -1 },
    { devices: 1.5 },
    { devices: '3' },
    { rate: -1 },
    { rate: null },
    { addresses: [] },
    { addresses: 'b:1' },
    { addresses: Array.from({ length: 17 }, () => 'b:1') },
    { more: 1 },
  ])('refuses to move with %j', async (wrong) => {
    const body = { devices: 1, rate: 1, addresses: ['b:1'], ...wrong }
    expect((await server.ask('/v1/move', { body })).status).toBe(400)
    expect(server.node.moves).toEqual([])
  })

  it('serves a page that loads nothing from elsewhere', async () => {
    const answer = await server.ask('/')
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
    expect(answer.text).not.toMatch(/(src|href)=/)
  })
})

describe('paths', () => {
  it('names the methods of a path that exists, and sends others to the description', async () => {
    const wrong = await server.ask('/v1/push')
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'POST'])
    const devices = await server.ask('/v1/devices/a', { method: 'PUT' })
    expect([devices.status, devices.headers.allow]).toEqual([405, 'GET, DELETE'])
    expect((await server.ask('/v2/push')).json).toMatchObject({ status: 404, code: 'not-found' })
  })
})
