import { afterEach, describe, expect, it } from 'vitest'
import { BYE } from '../../../src/protocol/frame-types.ts'
import { DevicePeer } from '../device-peer.ts'
import { untilTrue } from '../node-stage.ts'
import { HttpStage } from './http-stage.ts'

let stage: HttpStage
const peers: DevicePeer[] = []
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy()
  await stage.close()
})

async function join(deviceId: string): Promise<DevicePeer> {
  const peer = await DevicePeer.join('tcp', stage.ports, deviceId)
  peers.push(peer)
  return peer
}

describe('a device over server-sent events', () => {
  it('is welcome, gets what is pushed to it, its tags and all, and is known to the API', async () => {
    stage = await HttpStage.open()
    const a = await stage.events('device=a&tag=news&tag=sport')
    expect(a.headers['content-type']).toBe('text/event-stream')
    const { frame } = await a.until('welcome')
    const state = (await stage.asAdmin('/v1/devices/a')).json
    expect(state).toMatchObject({ carrier: 'sse', sessionId: frame.sessionId, online: true })
    expect(state.tags.toSorted()).toEqual(['news', 'sport'])
    expect(state.address).toMatch(/^127\.0\.0\.1:\d+$/)
    expect((await stage.push(['a'], 'one "line"\nand two')).json.online).toBe(1)
    expect((await stage.push({ tag: 'news' }, 'tagged')).json.online).toBe(1)
    await stage.push('all', 'to all')
    await a.until('message', 3)
    expect(a.payloads).toEqual(['one "line"\nand two', 'tagged', 'to all'])
    expect(a.of('message').map(({ id }) => id)).toEqual(['', '', ''])
    // A regular look at the shards, which counts no carriers, may come in between.
    let carriers: Record<string, number> = {}
    while (carriers['sse'] === undefined) {
      carriers = (await stage.asAdmin('/v1/node')).json.health.connections.carriers
    }
    expect(carriers).toMatchObject({ sse: 1, poll: 0, tcp: 0 })
  })

  it('is sent away when kicked, and a browser is told not to come back soon', async () => {
    stage = await HttpStage.open()
    const a = await stage.events('device=a')
    await a.until('welcome')
    expect((await stage.asAdmin('/v1/devices/a', undefined, 'DELETE')).status).toBe(204)
    const bye = await a.until('bye')
    expect(bye.frame).toMatchObject({ type: 'BYE', code: BYE.KICKED })
    expect(Number(bye.retry)).toBeGreaterThan(3_600_000)
    await untilTrue(() => a.isEnded)
    expect((await stage.asAdmin('/v1/devices/a')).status).toBe(404)
  })

  it('gives way to a newer connection of its own, on whatever carrier, and takes its place', async () => {
    stage = await HttpStage.open()
    const first = await stage.events('device=a')
    await first.until('welcome')
    const second = await stage.events('device=a')
    expect((await first.until('bye')).frame.code).toBe(BYE.REPLACED)
    const tcp = await join('a')
    expect((await second.until('bye')).frame.code).toBe(BYE.REPLACED)
    const third = await stage.events('device=a')
    await third.until('welcome')
    expect(await tcp.bye()).toMatchObject({ code: BYE.REPLACED })
    expect((await stage.push(['a'], 'x')).json.online).toBe(1)
    await third.until('message')
    expect([first, second, third].map((each) => each.payloads.length)).toEqual([0, 0, 1])
  })

  it('is gone when its client is', async () => {
    stage = await HttpStage.open()
    const a = await stage.events('device=a')
    await a.until('welcome')
    a.destroy()
    let status = 200
    while (status === 200) status = (await stage.asAdmin('/v1/devices/a')).status
    expect(status).toBe(404)
  })

  it('gets stored pushes once, with ids, and acks them by Last-Event-ID', async () => {
    stage = await HttpStage.open()
    for (const text of ['1', '2', '3']) await stage.push(['a'], text, { qos: 1 })
    const before = await stage.events('device=a')
    await before.until('message', 3)
    expect(before.payloads).toEqual(['1', '2', '3'])
    const ids = before.of('message').map(({ id }) => id)
    expect(ids).toEqual(['1-0', '2-0', '3-0'])
    before.destroy()
    const after = await stage.events('device=a', { 'last-event-id': ids[1]! })
    await after.until('message')
    await stage.push(['a'], '4', { qos: 1 })
    await after.until('message', 2)
    expect(after.payloads).toEqual(['3', '4'])
    const acked = await stage.ask('/v1/ack?device=a&after=4-0', { method: 'POST' })
    expect(acked.status).toBe(204)
    const last = await stage.events('device=a')
    await last.until('welcome')
    await stage.push(['a'], '5', { qos: 1 })
    await last.until('message')
    expect(last.payloads).toEqual(['5'])
  })

  it('gets what it is only notified of, because the node pulls for it', async () => {
    stage = await HttpStage.open()
    const a = await stage.events('device=a')
    await a.until('welcome')
    const texts = Array.from({ length: 250 }, (_, n) => String(n))
    const more = { qos: 1, mode: 'notify' }
    for (const text of texts) await stage.push(['a'], text, more)
    await a.until('message', 250)
    expect(a.payloads).toEqual(texts)
    a.destroy()
    // Many at once, after it was away.
    const later = Array.from({ length: 250 }, (_, n) => String(1_000 + n))
    for (const text of later) await stage.push(['a'], text, more)
    const back = await stage.events('device=a&after=250-0')
    await back.until('message', 250)
    expect(back.payloads).toEqual(later)
  })

  it('that acks in no other way is made to reconnect, which acks', async () => {
    stage = await HttpStage.open()
    const payload = 'x'.repeat(30_000)
    for (let n = 0; n < 6; n++) await stage.push(['a'], payload, { qos: 1 })
    const ids: string[] = []
    while (ids.length < 6) {
      const last = ids.at(-1)
      const a = await stage.events('device=a', last === undefined ? {} : { 'last-event-id': last })
      await untilTrue(() => a.isEnded || ids.length + a.of('message').length >= 6)
      ids.push(...a.of('message').map(({ id }) => id))
      expect(a.of('bye')).toEqual([])
    }
    expect(ids).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0', '6-0'])
  })

  it('that does not read is closed at its queue limit, and nobody else', async () => {
    stage = await HttpStage.open()
    const stuck = await stage.response('/v1/events?device=stuck')
    stuck.pause()
    const fine = await stage.events('device=fine')
    await fine.until('welcome')
    const payload = 'x'.repeat(60_000)
    let status = 200
    while (status === 200) {
      await Promise.all([1, 2, 3, 4].map(() => stage.push(['stuck'], payload)))
      status = (await stage.asAdmin('/v1/devices/stuck')).status
    }
    const { counters } = (await stage.asAdmin('/v1/node')).json
    expect(counters.closes['too-slow']).toBe(1)
    await stage.push(['fine'], 'still here')
    await fine.until('message')
    stuck.destroy()
  })

  it('is moved away by a drain, and told so', async () => {
    stage = await HttpStage.open()
    const a = await stage.events('device=a')
    await a.until('welcome')
    await stage.node.drain(0)
    expect((await a.until('bye')).frame.code).toBe(BYE.DRAIN)
    await untilTrue(() => a.isEnded)
  })
})

describe('a device that polls', () => {
  const path = (query: string) => `/v1/poll?device=p&${query}`

  it('gets a session at once, then waits, and what came in between is not lost', async () => {
    stage = await HttpStage.open()
    const first = (await stage.ask(path('tag=t'))).json
    expect(first.frames.map(({ type }: { type: string }) => type)).toEqual(['WELCOME'])
    expect(first.session).toBe(first.frames[0].sessionId)
    const next = path(`session=${first.session}&after=${first.after}`)
    const waiting = stage.ask(next)
    await stage.push({ tag: 't' }, 'while it waits')
    expect((await waiting).json.frames).toMatchObject([{ type: 'MSG', payload: 'while it waits' }])
    await stage.push(['p'], 'in between')
    await stage.push(['p'], 'and again')
    const both = (await stage.ask(next)).json
    const payloads = both.frames.map(({ payload }: { payload: string }) => payload)
    expect(payloads).toEqual(['in between', 'and again'])
    expect((await stage.asAdmin('/v1/devices/p')).json).toMatchObject({ carrier: 'poll' })
    const empty = (await stage.ask(`${next}&wait=1ms`)).json
    expect(empty).toEqual({ session: first.session, after: '0-0', frames: [] })
  })

  it('acks by after, and gets again what an answer that was lost has held', async () => {
    stage = await HttpStage.open()
    await stage.push(['p'], '1', { qos: 1 })
    await stage.push(['p'], '2', { qos: 1 })
    const messages = async (query: string) => {
      const { json } = await stage.ask(path(query))
      const stored = json.frames.filter(({ type }: { type: string }) => type === 'MSG')
      const payloads: string[] = stored.map(({ payload }: { payload: string }) => payload)
      return { ...json, payloads }
    }
    let answer = await messages('')
    while (answer.payloads.length < 2) {
      const more = await messages(`session=${answer.session}&after=${answer.after}`)
      answer = { ...more, payloads: [...answer.payloads, ...more.payloads] }
    }
    expect([answer.payloads, answer.after]).toEqual([['1', '2'], '2-0'])
    let again = await messages(`session=${answer.session}&after=1-0`)
    while (again.payloads.length < 1) {
      again = await messages(`session=${again.session}&after=${again.after}`)
    }
    expect(again.payloads).toEqual(['2'])
    expect(again.session).not.toBe(answer.session)
    const done = await messages(`session=${again.session}&after=2-0&wait=1ms`)
    expect(done.payloads).toEqual([])
  })

  it('goes on with its session after another poll of it began anew', async () => {
    stage = await HttpStage.open({ resumeGraceMs: 60_000 })
    const first = (await stage.ask(path(''))).json
    const second = (await stage.ask(path(''))).json
    expect(second.session).toBe(first.session)
    const next = stage.ask(path(`session=${second.session}&after=${second.after}`))
    await stage.push(['p'], 'x')
    expect((await next).json).toMatchObject({ session: second.session, frames: [{ payload: 'x' }] })
  })

  it('is told at its next poll that a newer connection took over', async () => {
    stage = await HttpStage.open()
    const { session } = (await stage.ask(path(''))).json
    const waiting = stage.ask(path(`session=${session}`))
    await join('p')
    expect((await waiting).json.frames).toMatchObject([{ type: 'BYE', code: BYE.REPLACED }])
  })

  it.each(['wait=2h', 'after=x', 'device=q', 'mode=fast', `tag=${'t'.repeat(129)}`])(
    'is refused with %s',
    async (query) => {
      stage = await HttpStage.open()
      expect((await stage.ask(path(query))).status).toBe(400)
    },
  )
})

describe('what a device over HTTP sends', () => {
  it('reaches who takes it, is refused where nobody does, and echo comes back', async () => {
    stage = await HttpStage.open()
    const a = await stage.events('device=a')
    await a.until('welcome')
    const send = (body: unknown) => stage.ask('/v1/send?device=a', { body })
    expect((await send({ product: 'echo', payload: 'hello' })).status).toBe(202)
    await a.until('message')
    expect(a.payloads).toEqual(['hello'])
    expect((await send({ product: 'chat', payload: 'x' })).json.code).toBe('product-refused')
    const headers = { authorization: 'Bearer admin-token-of-this-test' }
    const consumer = await stage.response('/v1/upstream?product=chat', headers)
    const line = new Promise<string>((resolve) => {
      consumer.on('data', (chunk: Buffer) => resolve(chunk.toString()))
    })
    expect((await send({ product: 'chat', route: '/r', payload64: '/w==' })).status).toBe(202)
    expect(JSON.parse(await line)).toMatchObject({
      device: 'a',
      product: 'chat',
      route: '/r',
      payload64: '/w==',
    })
    consumer.destroy()
  })

  it('needs a connection of it, and whole fields', async () => {
    stage = await HttpStage.open()
    const send = (body: unknown) => stage.ask('/v1/send?device=a', { body })
    expect((await send({ product: 'echo', payload: 'x' })).json.code).toBe('no-session')
    expect((await send({ payload: 'x' })).json.code).toBe('bad-field')
    expect((await send({ product: 'echo', data: 'x' })).json.code).toBe('unknown-field')
    expect((await send({ product: 'echo', payload: 7 })).json.code).toBe('bad-field')
    expect((await send({ product: 'echo', payload64: 'ü' })).json.code).toBe('bad-field')
    expect((await send({ product: 'e', payload: '', payload64: '' })).json.code).toBe('bad-field')
    const large = 'x'.repeat(65_536)
    expect((await send({ product: 'echo', payload: large })).json.code).toBe('payload-too-large')
    const ack = await stage.ask('/v1/ack?device=a&after=1-0', { method: 'POST' })
    expect(ack.json.code).toBe('no-session')
  })
})

describe('who may be a device over HTTP', () => {
  const verifyDevice = async (token: string, deviceId: string) =>
    token === `token-of-${deviceId}` || 'wrong'

  it('is decided by the token, in the header or in the query', async () => {
    stage = await HttpStage.open({ verifyDevice })
    const authorization = { authorization: 'Bearer token-of-a' }
    const a = await stage.events('device=a', authorization)
    await a.until('welcome')
    const b = await stage.events('device=b&token=token-of-b')
    await b.until('welcome')
    expect((await stage.events('device=c', authorization)).status).toBe(401)
    expect((await stage.ask('/v1/poll?device=a')).status).toBe(401)
    expect((await stage.ask('/v1/poll?device=b&token=token-of-a')).status).toBe(401)
    const body = { product: 'echo', payload: 'x' }
    expect((await stage.ask('/v1/send?device=a', { body })).status).toBe(401)
    expect((await stage.ask('/v1/send?device=a', { body, headers: authorization })).status).toBe(
      202,
    )
    // Who was refused has not pushed anybody out.
    await a.until('message')
    expect([a.isEnded, b.isEnded]).toEqual([false, false])
  })

  it('and pages by their origin, asked beforehand or not', async () => {
    stage = await HttpStage.open({}, ['https://app.example'])
    const good = { origin: 'https://app.example' }
    const a = await stage.events('device=a', good)
    expect(a.headers['access-control-allow-origin']).toBe('https://app.example')
    expect((await stage.events('device=a', { origin: 'https://evil.example' })).status).toBe(403)
    const preflight = (origin: string) =>
      stage.ask('/v1/send?device=a', { method: 'OPTIONS', headers: { origin } })
    const asked = await preflight('https://app.example')
    expect(asked.status).toBe(204)
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-headers': 'authorization, content-type, last-event-id',
    })
    expect((await preflight('https://evil.example')).status).toBe(403)
    const poll = await stage.ask('/v1/poll?device=p', { headers: good })
    expect(poll.headers['access-control-allow-origin']).toBe('https://app.example')
  })
})
