/** Outgoing connections: sources, failures, limits. */
import { createServer } from 'node:net'
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { CLOSE_REASON } from '../../../src/engine/socket-engine.ts'
import type { Recorder, Stage } from './stage.ts'

const { ECONNREFUSED, EADDRNOTAVAIL, EADDRINUSE } = constants.errno

/** A port that nobody listens on, for as long as nobody else takes it. */
function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, host, () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

function startOne(recorder: Recorder, port: number, source?: { host: string; port: number }) {
  const out = new Int32Array(1)
  const options = { host: '127.0.0.1', port, ...(source ? { source } : {}) }
  expect(recorder.engine.connect(options, out, 1)).toBe(1)
  return out[0]
}

export function describeConnecting(stage: Stage): void {
  describe('connecting', () => {
    it('connects to another engine, and both exchange bytes', async () => {
      const server = stage.open()
      const client = stage.open()
      const { port } = await stage.listen(server)
      client.connectHook = (slot) => client.say(slot, 'ping')
      server.receiveHook = (slot, bytes) => {
        server.say(slot, bytes.toString('latin1').toUpperCase())
        return undefined
      }
      const slot = startOne(client, port)
      expect(client.engine.isOpen(slot)).toBe(true)
      await stage.until('the answer', () => client.textOf(slot) === 'PING')
      expect(client.connected).toEqual([slot])
      expect(client.engine.counters.connected).toBe(1)
      expect(client.engine.peerOf(slot)).toBe(`127.0.0.1:${port}`)
      expect(client.engine.localOf(slot)).toBe(server.engine.peerOf(server.accepted[0]))
    })

    it('leaves from the source address asked for, many from each of several', async () => {
      const server = stage.open()
      const client = stage.open()
      const { port } = await stage.listen(server)
      const hosts = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
      for (const host of hosts) {
        const source = { host, port: 0 }
        const out = new Int32Array(10)
        expect(client.engine.connect({ host: '127.0.0.1', port, source }, out, 10)).toBe(10)
        expect(new Set(out).size).toBe(10)
      }
      await stage.until('30 accepts', () => server.accepted.length === 30)
      const seen = server.accepted.map((slot) => server.engine.peerOf(slot))
      expect(new Set(seen).size).toBe(30)
      for (const host of hosts) {
        expect(seen.filter((peer) => peer.startsWith(`${host}:`)).length).toBe(10)
      }
    })

    it('leaves from the source port asked for', async () => {
      const server = stage.open()
      const client = stage.open()
      const { port } = await stage.listen(server)
      const source = { host: '127.0.0.5', port: await freePort('127.0.0.5') }
      const slot = startOne(client, port, source)
      await stage.until('onConnect', () => client.connected.length === 1)
      expect(client.engine.localOf(slot)).toBe(`127.0.0.5:${source.port}`)
    })

    it('says ECONNREFUSED where nobody listens, later and not within connect()', async () => {
      const client = stage.open()
      const port = await freePort()
      const slot = startOne(client, port)
      expect(client.closed).toEqual([])
      await stage.until('onClose', () => client.closed.length === 1)
      const reason = CLOSE_REASON.CONNECT_FAILED
      expect(client.closed).toEqual([{ slot, reason, errno: ECONNREFUSED }])
      expect(client.connected).toEqual([])
      expect(client.engine.isOpen(slot)).toBe(false)
      expect(client.engine.counters).toMatchObject({ connectFailed: 1, connected: 0, closed: 0 })
      await stage.until('the row', () => client.engine.openCount === 0)
    })

    it('says EADDRNOTAVAIL for a source address that is not of this host', async () => {
      const server = stage.open()
      const client = stage.open()
      const { port } = await stage.listen(server)
      const slot = startOne(client, port, { host: '192.0.2.1', port: 0 })
      await stage.until('onClose', () => client.closed.length === 1)
      const reason = CLOSE_REASON.CONNECT_FAILED
      expect(client.closed).toEqual([{ slot, reason, errno: EADDRNOTAVAIL }])
    })

    it('fails the second connection with one and the same 4-tuple', async () => {
      const server = stage.open()
      const client = stage.open()
      const { port } = await stage.listen(server)
      const source = { host: '127.0.0.6', port: await freePort('127.0.0.6') }
      const first = startOne(client, port, source)
      await stage.until('the first', () => client.connected.length === 1)
      const second = startOne(client, port, source)
      await stage.until('onClose', () => client.closed.length === 1)
      expect(client.closed[0]).toMatchObject({ slot: second, reason: CLOSE_REASON.CONNECT_FAILED })
      expect([EADDRNOTAVAIL, EADDRINUSE]).toContain(client.closed[0].errno)
      expect(client.engine.isOpen(first)).toBe(true)
    })

    it('answers a server that asks and ends its side', async () => {
      const client = stage.open()
      let answer = ''
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        socket.on('data', (chunk) => {
          answer += chunk.toString()
        })
        socket.end('question')
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      client.receiveHook = (slot) => {
        client.say(slot, 'answer')
        return undefined
      }
      startOne(client, (server.address() as { port: number }).port)
      await stage.until('onClose', () => client.closed.length === 1)
      expect(client.closed[0].reason).toBe(CLOSE_REASON.PEER_END)
      await stage.until('the answer', () => answer === 'answer')
      await new Promise((resolve) => server.close(resolve))
    })

    it('starts no more connections than there are rows', async () => {
      const server = stage.open()
      const client = stage.open({ capacity: 4 })
      const { port } = await stage.listen(server)
      const out = new Int32Array(10).fill(-7)
      expect(client.engine.connect({ host: '127.0.0.1', port }, out, 10)).toBe(4)
      expect(out.slice(4)).toEqual(new Int32Array(6).fill(-7))
      await stage.until('onConnect', () => client.connected.length === 4)
      expect(client.engine.connect({ host: '127.0.0.1', port }, out, 1)).toBe(0)
    })

    it('says nothing more of a connection that is aborted while it is under way', async () => {
      const server = stage.open()
      const client = stage.open()
      const { port } = await stage.listen(server)
      const aborted = startOne(client, port)
      client.engine.abort(aborted)
      expect(client.engine.isOpen(aborted)).toBe(false)
      const other = startOne(client, port)
      expect(other).not.toBe(aborted)
      await stage.until('the other', () => client.connected.includes(other))
      await stage.until('the row', () => client.engine.openCount === 1)
      expect(client.calls).toEqual([`connect ${other}`])
    })
  })
}
