/**
 * A tiny Socket.IO server written from the protocol documents alone (Engine.IO 4, Socket.IO 5): it
 * shares no code with the driver. It is strict: what a client of version 4 may not say ends the
 * connection, and is kept in `faults`.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

export interface TinyServer {
  readonly port: number
  readonly faults: string[]
  /** Packets as they came, of all clients. */
  readonly packets: string[]
  /** Sends packet 2 to all. */
  ping(): void
  /** Sends a packet to all that are connected. */
  say(packet: string): void
  stop(): void
}

export interface TinyServerOptions {
  readonly namespace?: string
  /** Answers CONNECT with an error. */
  readonly refusal?: string
  /** `echo`: sends events back; `broadcast`: to all clients. */
  readonly mode?: 'echo' | 'broadcast'
}

export async function startTinySocketIo(options: TinyServerOptions = {}): Promise<TinyServer> {
  const { namespace = '/', refusal, mode = 'echo' } = options
  const prefix = namespace === '/' ? '' : `${namespace},`
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  const faults: string[] = []
  const packets: string[] = []
  const connected = new Set<WebSocket>()
  server.on('connection', (client, request) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    const fail = (what: string): void => {
      faults.push(what)
      client.close(1002)
    }
    if (url.pathname !== '/socket.io/') return fail(`path ${url.pathname}`)
    if (url.searchParams.get('EIO') !== '4') return fail('EIO')
    if (url.searchParams.get('transport') !== 'websocket') return fail('transport')
    client.send(
      '0{"sid":"e1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}',
    )
    client.on('close', () => connected.delete(client))
    client.on('message', (raw, isBinary) => {
      if (isBinary) return fail('binary')
      const text = String(raw)
      packets.push(text)
      if (text === '3') return
      if (text.startsWith(`41${prefix}`) && connected.has(client)) return
      if (text.startsWith(`40${prefix}`) && !connected.has(client)) {
        if (refusal !== undefined) {
          client.send(`44${prefix}${JSON.stringify({ message: refusal })}`)
          return
        }
        connected.add(client)
        client.send(`40${prefix}{"sid":"s1"}`)
        return
      }
      if (!text.startsWith(`42${prefix}[`) || !connected.has(client)) return fail(text.slice(0, 40))
      const args = JSON.parse(text.slice(2 + prefix.length)) as unknown[]
      if (typeof args[0] !== 'string') return fail('event name')
      const answer = `42${prefix}${JSON.stringify(args)}`
      for (const each of mode === 'echo' ? [client] : connected) each.send(answer)
    })
  })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    faults,
    packets,
    ping: () => server.clients.forEach((client) => client.send('2')),
    say: (packet) => connected.forEach((client) => client.send(packet)),
    stop: () => {
      for (const client of server.clients) client.terminate()
      server.close()
    },
  }
}
