import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { WebSocket as UndiciWebSocket } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import {
  refusalBody,
  UpgradeResponse,
  upgradeRequestText,
} from '../../src/protocol/websocket-client-handshake.ts'
import { OPCODE } from '../../src/protocol/websocket-frame.ts'
import { acceptFromKey, UPGRADE_EVENT } from '../../src/protocol/websocket-handshake.ts'
import { BareWebSocketPeer, listenEcho, type PeerEvent } from './bare-websocket-peer.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

describe('our server against the client of ws', () => {
  let server: Awaited<ReturnType<typeof listenEcho>>
  let peers: BareWebSocketPeer[]

  beforeEach(async () => {
    peers = []
    server = await listenEcho((peer) => peers.push(peer))
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  it('agrees on a subprotocol', async () => {
    for (const [offered, chosen] of [
      [[], ''],
      [['push.v1'], 'push.v1'],
      [['other', 'push.v1.json'], 'push.v1.json'],
    ] as const) {
      const client = new WebSocket(server.url, [...offered])
      await once(client, 'open')
      expect(client.protocol).toBe(chosen)
      client.close()
      await once(client, 'close')
    }
  })

  it('refuses unknown subprotocols with 400', async () => {
    const client = new WebSocket(server.url, ['mqtt'])
    const [error] = await once(client, 'error')
    expect(error.message).toBe('Unexpected server response: 400')
  })

  it('echoes texts and bytes of every length form, also with compression offered', async () => {
    const client = new WebSocket(server.url, { perMessageDeflate: true })
    await once(client, 'open')
    expect(client.extensions).toBe('')
    for (const size of [0, 1, 125, 126, 65_535, 65_536]) {
      const bytes = Buffer.alloc(size, 'a')
      client.send(bytes)
      expect((await once(client, 'message'))[0]).toEqual(bytes)
      client.send(bytes.toString())
      const [message, isBinary] = await once(client, 'message')
      expect([message.toString(), isBinary]).toEqual([bytes.toString(), false])
    }
    client.close()
    await once(client, 'close')
  })

  it('joins fragments with a ping between them', async () => {
    const client = new WebSocket(server.url)
    await once(client, 'open')
    const pong = once(client, 'pong')
    client.send('gr\u00fc', { fin: false })
    client.ping('between')
    client.send(Buffer.from('ß'), { fin: false })
    client.send('e', { fin: true })
    expect((await pong)[0].toString()).toBe('between')
    expect((await once(client, 'message'))[0].toString()).toBe('grüße')
    client.close()
    await once(client, 'close')
  })

  it('closes with the code and reason of either side', async () => {
    const first = new WebSocket(server.url)
    await once(first, 'open')
    first.close(4321, 'done')
    expect((await once(first, 'close')).map(String)).toEqual(['4321', 'done'])

    const second = new WebSocket(server.url)
    await once(second, 'open')
    peers[1].close(4102, 'too-slow')
    expect((await once(second, 'close')).map(String)).toEqual(['4102', 'too-slow'])
  })

  it('answers a close without a code in kind', async () => {
    const client = new WebSocket(server.url)
    await once(client, 'open')
    client.close()
    expect((await once(client, 'close'))[0]).toBe(1005)
  })

  it('refuses a message above the limit with 1009 before it has arrived', async () => {
    const client = new WebSocket(server.url)
    await once(client, 'open')
    client.on('error', () => {})
    client.send(Buffer.alloc(65_537))
    expect((await once(client, 'close')).map(String)).toEqual(['1009', 'message-too-big'])
  })

  it('refuses text that is not UTF-8 with 1007', async () => {
    const client = new WebSocket(server.url)
    await once(client, 'open')
    client.send(Buffer.from([0xc3, 0x28]), { binary: false })
    expect((await once(client, 'close')).map(String)).toEqual(['1007', 'bad-text'])
  })

  it('refuses unmasked frames with 1002', async () => {
    const client = new WebSocket(server.url)
    await once(client, 'open')
    client.send('naked', { mask: false })
    expect((await once(client, 'close')).map(String)).toEqual(['1002', 'mask-required'])
  })

  it('serves the WebSocket of undici, which browsers share their interface with', async () => {
    const client = new UndiciWebSocket(server.url, ['push.v1'])
    client.binaryType = 'arraybuffer'
    await eventOf(client, 'open')
    expect(client.protocol).toBe('push.v1')
    const bytes = new Uint8Array(70).map((_, index) => index)
    client.send(bytes)
    const { data } = (await eventOf(client, 'message')) as unknown as { data: ArrayBuffer }
    expect(new Uint8Array(data)).toEqual(bytes)
    client.close(4000, 'grüße')
    const closed = (await eventOf(client, 'close')) as unknown as { code: number; reason: string }
    expect([closed.code, closed.reason]).toEqual([4000, 'grüße'])
  })
})

describe('our client against the server of ws', () => {
  let server: WebSocketServer
  let socket: Socket

  beforeEach(async () => {
    server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      maxPayload: 1_000,
      handleProtocols: (offered) => (offered.has('push.v1') ? 'push.v1' : false),
      verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== '/forbidden',
    })
    await once(server, 'listening')
    socket = connect((server.address() as { port: number }).port, '127.0.0.1')
  })
  afterEach(() => {
    socket.destroy()
    for (const client of server.clients) client.terminate()
    server.close()
  })

  /** Sends the request and resolves with what the answer's head says. */
  async function upgrade(target: string, subprotocols: string[]) {
    const fields = { target, host: '127.0.0.1', key: KEY, subprotocols }
    socket.write(upgradeRequestText(fields), 'latin1')
    const response = new UpgradeResponse()
    let bytes = Buffer.alloc(0)
    for (;;) {
      bytes = Buffer.concat([bytes, (await once(socket, 'data'))[0]])
      const accept = acceptFromKey(KEY)
      const event = response.read(bytes, 0, bytes.length, accept, subprotocols)
      if (event !== UPGRADE_EVENT.NEED_MORE) return { event, response, bytes }
    }
  }

  async function openPeer() {
    const connected = once(server, 'connection')
    const { event, response, bytes } = await upgrade('/', ['push.v1'])
    expect(event).toBe(UPGRADE_EVENT.UPGRADE)
    const peer = new BareWebSocketPeer(socket, 'client', false)
    const events: PeerEvent[] = []
    const waiting: ((event: PeerEvent) => void)[] = []
    peer.onEvent = (peerEvent) => {
      const resolve = waiting.shift()
      if (resolve) resolve(peerEvent)
      else events.push(peerEvent)
    }
    socket.on('data', (chunk) => peer.receive(chunk))
    peer.receive(bytes.subarray(response.headEnd))
    const next = () =>
      new Promise<PeerEvent>((resolve) => {
        const event = events.shift()
        if (event) resolve(event)
        else waiting.push(resolve)
      })
    return { peer, next, remote: (await connected)[0] as WebSocket }
  }

  it('is understood in texts, bytes and pings, and understands fragments', async () => {
    const { peer, next, remote } = await openPeer()
    expect(remote.protocol).toBe('push.v1')
    for (const size of [0, 125, 126, 1_000]) {
      peer.send(OPCODE.BINARY, Buffer.alloc(size, 'b'))
      const [message, isBinary] = await once(remote, 'message')
      expect([message.length, isBinary]).toEqual([size, true])
    }
    peer.send(OPCODE.PING, Buffer.from('hi'))
    expect(await next()).toEqual({ kind: 'PONG', text: 'hi', code: 0 })
    const pong = once(remote, 'pong')
    remote.send('gr', { fin: false })
    remote.ping('there?')
    remote.send('üße', { fin: true })
    expect(await next()).toEqual({ kind: 'TEXT', text: 'grüße', code: 0 })
    expect((await pong)[0].toString()).toBe('there?')
  })

  it('sees the close code of the server, and sends one', async () => {
    const { next, remote } = await openPeer()
    const closed = once(remote, 'close')
    remote.close(4300, 'drain')
    expect(await next()).toEqual({ kind: 'CLOSE', text: 'drain', code: 4300 })
    expect((await closed).map(String)).toEqual(['4300', 'drain'])
  })

  it('is told when its message is too large', async () => {
    const { peer, next, remote } = await openPeer()
    remote.on('error', () => {})
    peer.send(OPCODE.BINARY, new Uint8Array(1_001))
    expect(await next()).toEqual({ kind: 'CLOSE', text: '', code: 1009 })
  })

  it('gives status and words of a refusal', async () => {
    const { event, response, bytes } = await upgrade('/forbidden', ['push.v1'])
    expect(event).toBe(UPGRADE_EVENT.FAULT)
    expect([response.fault, response.status]).toEqual(['upgrade-refused', 401])
    expect(refusalBody(response, bytes, bytes.length)).toBe('Unauthorized')
  })

  it('does not stay with a server that ignores its subprotocol', async () => {
    const { event, response } = await upgrade('/', ['mqtt'])
    expect(event).toBe(UPGRADE_EVENT.FAULT)
    expect(response.fault).toBe('unexpected-subprotocol')
  })
})

function eventOf(target: UndiciWebSocket, type: 'open' | 'message' | 'close'): Promise<unknown> {
  return new Promise((resolve) => {
    target.addEventListener(type, resolve, { once: true })
  })
}
