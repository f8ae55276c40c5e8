/**
 * Bun's own WebSocket server (uWebSockets inside), with its native publish for broadcasts. Runs
 * under Bun only.
 */
import { HELLO_TYPE, obeyDriver, WELCOME } from './control.js'

const server = globalThis.Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request, self) =>
    self.upgrade(request) ? undefined : new Response('expected a WebSocket', { status: 426 }),
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 0,
    sendPings: false,
    open: (socket) => socket.subscribe('all'),
    message: (socket, message) => {
      socket.sendBinary(message[0] === HELLO_TYPE ? WELCOME : message)
    },
  },
})

obeyDriver({
  port: server.port,
  broadcast: (message) => {
    server.publish('all', message, false)
    return server.subscriberCount('all')
  },
})
