import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BatchClient } from './batch-client.ts'
import { TestServer } from './test-server.ts'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start({ limits: { lineBytesMax: 200, linesInFlightMax: 50 } })
})
afterEach(() => server.stop())

const HEADERS = { 'content-type': 'application/x-ndjson' }
const push = (text: string) => JSON.stringify({ to: ['a'], payload: text })

async function exchange(raw: string | Uint8Array): Promise<string> {
  return (await server.ask('/v1/push/batch', { raw, headers: HEADERS })).text
}

describe('a batch stream', () => {
  it('answers one line per line, in order, and goes on after bad ones', async () => {
    server.node.connect('a')
    const lines = [push('1'), 'nonsense', '', push('2'), `{"to":"${'x'.repeat(200)}"}`, push('3')]
    expect(await exchange(lines.join('\n'))).toMatchInlineSnapshot(`
      "{"accepted":1,"stored":0,"online":1,"pushId":"p1"}
      {"error":{"line":2,"type":"urn:pushctl:problem:bad-json","title":"The body is not valid JSON","status":400,"detail":"not JSON","code":"bad-json"}}
      {"accepted":1,"stored":0,"online":1,"pushId":"p2"}
      {"error":{"line":5,"type":"urn:pushctl:problem:line-too-large","title":"The line is too large","status":413,"detail":"a line may have at most 200 bytes","code":"line-too-large"}}
      {"accepted":1,"stored":0,"online":1,"pushId":"p3"}
      "
    `)
    expect(server.node.pushes.map((each) => Buffer.from(each.payload).toString())).toEqual([
      '1',
      '2',
      '3',
    ])
  })

  it('answers each line before the next one is sent', async () => {
    const client = await BatchClient.open(server.server.port)
    for (let round = 1; round <= 20; round++) {
      client.send(`${push('x')}\n`)
      expect(JSON.parse(await client.nextLine()).pushId).toBe(`p${round}`)
    }
    client.end()
    expect(await client.rest()).toBe('')
  })

  it('gives the same answers wherever the stream is cut', async () => {
    const text = Buffer.from(
      [
        push('é€😀'),
        `${push('r')}\r`,
        '\r',
        '{"to":',
        'y'.repeat(300),
        '',
        '{"to":"all","payload":"x"}',
        '[]',
        push('end'),
      ].join('\n'),
    )
    const bytes = Buffer.concat([text, Buffer.from([0x0a, 0xff, 0xfe])])
    const expected = withoutIds(await exchange(bytes))
    expect(expected.trim().split('\n')).toHaveLength(8)
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(cuts, async (unsorted) => {
        const client = await BatchClient.open(server.server.port)
        let from = 0
        for (const to of [...unsorted.sort((a, b) => a - b), bytes.length]) {
          await client.sendChunk(bytes.subarray(from, to))
          from = to
        }
        client.end()
        expect(withoutIds(await client.rest())).toBe(expected)
      }),
      { numRuns: 25 },
    )
  })

  it('is the same when every byte comes alone', async () => {
    const bytes = Buffer.from(`${push('é')}\n\n{]\n${push('z')}`)
    const expected = withoutIds(await exchange(bytes))
    const client = await BatchClient.open(server.server.port)
    for (const byte of bytes) await client.sendChunk(Uint8Array.of(byte))
    client.end()
    expect(withoutIds(await client.rest())).toBe(expected)
  })

  it('reports a failing push on its line only', async () => {
    const client = await BatchClient.open(server.server.port)
    server.node.failure = new Error('broken')
    client.send(`${push('1')}\n`)
    expect(JSON.parse(await client.nextLine()).error).toMatchObject({
      line: 1,
      code: 'internal-error',
    })
    server.node.failure = null
    client.send(`${push('2')}\n`)
    expect(JSON.parse(await client.nextLine()).accepted).toBe(1)
    expect(server.failures).toHaveLength(1)
    client.end()
    await client.rest()
  })

  it('refuses another content type before it reads a line', async () => {
    const answer = await server.ask('/v1/push/batch', { raw: push('x') })
    expect([answer.status, answer.json.code]).toEqual([415, 'unsupported-media-type'])
    expect(server.node.pushes).toEqual([])
  })
})

describe('backpressure', () => {
  it('reads no further while the node holds its answers, and then answers all', async () => {
    const lines = 5_000
    server.node.hold()
    const client = await BatchClient.open(server.server.port)
    client.send(`${push('x'.repeat(100))}\n`.repeat(lines))
    client.end()
    await client.written()
    // Reading stops within one chunk of 64 KiB (about 500 lines) after linesInFlightMax.
    await expect.poll(() => server.node.heldPushes).toBeGreaterThanOrEqual(50)
    expect(server.node.heldPushes).toBeLessThan(50 + 600)
    server.node.release()
    expect((await client.rest()).trim().split('\n')).toHaveLength(lines)
  })

  it('stops pushing for a client that does not read its answers', async () => {
    const socket = connect(server.server.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.pause()
    socket.write(
      'POST /v1/push/batch HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n' +
        'content-type: application/x-ndjson\r\ncontent-length: 100000000\r\n\r\n',
    )
    const block = Buffer.from(`${push('x')}\n`.repeat(2_000))
    let taken = 0
    // A client that only writes: at some point the kernel takes no more, because the node reads no
    // more.
    while (socket.write(block) || (await drainedSoon(socket))) taken++
    const pushed = server.node.pushes.length
    expect(taken).toBeGreaterThan(0)
    expect(taken * 2_000).toBeLessThan(2_000_000)
    expect(pushed).toBeLessThan(2_000_000)
    socket.destroy()
  })
})

describe('ends', () => {
  it('drops a line that was cut by a client that went away', async () => {
    const socket = connect(server.server.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      'POST /v1/push/batch HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\n' +
        `transfer-encoding: chunked\r\n\r\n${chunkOf(`${push('whole')}\n`)}${chunkOf(push('cut'))}`,
    )
    let text = ''
    for await (const bytes of socket) {
      text += bytes
      if (text.includes('pushId')) break
    }
    socket.destroy()
    await server.server.close(1_000)
    expect(server.node.pushes).toHaveLength(1)
  })

  it('answers what it has read and names the first unread line when the server closes', async () => {
    const client = await BatchClient.open(server.server.port)
    client.send(`${push('1')}\n${push('2')}\n`)
    await client.nextLine()
    await client.nextLine()
    const closing = server.server.close(5_000)
    expect(JSON.parse(await client.nextLine()).error).toMatchObject({
      line: 3,
      code: 'shutting-down',
    })
    client.end()
    await closing
  })

  it('cuts a client that stays when the grace is over', async () => {
    const client = await BatchClient.open(server.server.port)
    await server.server.close(1)
    await expect(client.gone()).resolves.toBeUndefined()
  })

  it('survives clients that end at once', async () => {
    for (let round = 0; round < 20; round++) {
      const req = httpRequest({
        port: server.server.port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/v1/push/batch',
        headers: HEADERS,
      })
      req.on('error', () => {})
      req.write(`${push('x')}\n`)
      await once(req, 'socket')
      req.destroy()
    }
    expect((await server.ask('/healthz')).status).toBe(200)
    expect(server.failures).toEqual([])
  })
})

function withoutIds(text: string): string {
  return text.replace(/"pushId":"p\d+"/g, '"pushId":"p"')
}

function chunkOf(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

/**
 * False when the socket took nothing within half a second: it is stuck, which is what the caller
 * looks for.
 */
function drainedSoon(socket: import('node:net').Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 500)
    socket.once('drain', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}
