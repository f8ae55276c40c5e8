/**
 * A WebSocket server of known capacity: echoes so many messages a second, one after the other, and
 * takes so many connections; what comes faster waits, what comes on top is refused.
 */
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

export interface LimitedServer {
  readonly url: string
  /** Connections it ever took. */
  readonly taken: () => number
  close(): Promise<void>
}

const TURN_MS = 1

export async function startLimitedServer(limits: {
  readonly messagesPerSecond: number
  readonly connections: number
}): Promise<LimitedServer> {
  let taken = 0
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: false,
    verifyClient: () => server.clients.size < limits.connections,
  })
  const waiting: { readonly socket: WebSocket; readonly message: Buffer }[] = []
  server.on('connection', (socket) => {
    taken += 1
    socket.on('error', () => {})
    socket.on('message', (message: Buffer) => waiting.push({ socket, message }))
  })
  // By the clock: a timer that fires late must not make the server slower than it says.
  let credit = 0
  let last = performance.now()
  const turn = setInterval(() => {
    const now = performance.now()
    credit += ((now - last) / 1000) * limits.messagesPerSecond
    last = now
    const due = Math.min(Math.floor(credit), waiting.length)
    for (const { socket, message } of waiting.splice(0, due)) {
      if (socket.readyState === WebSocket.OPEN) socket.send(message, { binary: true })
    }
    // An idle server does not save up: at most what one turn may serve.
    credit = waiting.length === 0 ? Math.min(credit - due, 1) : credit - due
  }, TURN_MS)
  await new Promise((resolve) => server.on('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}/`,
    taken: () => taken,
    async close() {
      clearInterval(turn)
      for (const client of server.clients) client.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
