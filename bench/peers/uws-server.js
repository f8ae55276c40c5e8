/**
 * uWebSockets.js 20.30 in its unofficial build, with its native publish for broadcasts. The
 * package falls back to plain JavaScript without a word where it has no binary for this Node,
 * which would measure something else: refused here.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { HELLO_TYPE, obeyDriver, WELCOME } from './control.js'

const PACKAGE = '@trufflesuite/uws-js-unofficial'
const require = createRequire(import.meta.url)
const { platform, arch, versions } = process
const binary = `uws_${platform}_${arch}_${versions.modules}.node`
const folder = dirname(dirname(require.resolve(PACKAGE)))
if (!existsSync(join(folder, 'binaries', binary))) {
  console.error(
    `no native uWebSockets.js for Node ${versions.node}: ${binary} is not in the package`,
  )
  process.exit(1)
}
const uws = require(PACKAGE)

const app = uws.App()
app.ws('/*', {
  compression: uws.DISABLED,
  idleTimeout: 0,
  sendPingsAutomatically: false,
  open: (socket) => socket.subscribe('all'),
  message: (socket, message) => {
    const isHello = new Uint8Array(message)[0] === HELLO_TYPE
    socket.send(isHello ? WELCOME : message, true)
  },
})

app.listen('127.0.0.1', 0, (listener) => {
  obeyDriver({
    port: uws.us_socket_local_port(listener),
    broadcast: (message) => {
      app.publish('all', message, true)
      return app.numSubscribers('all')
    },
  })
})
