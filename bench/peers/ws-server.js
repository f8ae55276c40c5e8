/**
 * The `ws` peer as its documentation shows it: no compression, one send() for each client. `ws`
 * finds bufferutil (a dependency of another peer) beside it and so unmasks natively, which helps
 * it a little.
 */
import { WebSocketServer } from 'ws'
import { HELLO_TYPE, obeyDriver, WELCOME } from './control.js'

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  backlog: 65535,
  perMessageDeflate: false,
})

server.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (message) => {
    socket.send(message[0] === HELLO_TYPE ? WELCOME : message)
  })
})

server.on('listening', () => {
  obeyDriver({
    port: server.address().port,
    broadcast: (message) => {
      for (const socket of server.clients) socket.send(message)
      return server.clients.size
    },
  })
})
