/**
 * Makes, wraps and resets the sockets of the node engine. A TLS connection is two of them: the TLS
 * stream, which is read and written, over the TCP socket, the only one that knows addresses for
 * sure and can send RST.
 */
import { Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { RowSocket } from './node-rows.ts'
import type { ConnectOptions } from './socket-engine.ts'

/**
 * The smallest mark, so that every stop and go of a write shows as 'drain', which the byte accounts
 * need.
 */
export const HIGH_WATER_MARK_BYTES = 1

/** Both sides end on their own: an answer to data that came together with FIN is still sent. */
const STREAM_OPTIONS = { allowHalfOpen: true, highWaterMark: HIGH_WATER_MARK_BYTES }

/** Starts a TCP connection. All failures, immediate ones too, arrive as 'error' later. */
export function connectTcp(options: ConnectOptions): RowSocket {
  const socket = new Socket(STREAM_OPTIONS) as RowSocket
  socket.connect({
    host: options.host,
    port: options.port,
    noDelay: true,
    ...(options.source ? { localAddress: options.source.host } : {}),
    ...(options.source && options.source.port !== 0 ? { localPort: options.source.port } : {}),
  })
  return socket
}

/** By the options they were made from: reading authorities takes longer than a handshake. */
const contexts = new WeakMap<object, SecureContext>()

function contextOf(tls: NonNullable<ConnectOptions['tls']>): SecureContext {
  const known = contexts.get(tls)
  if (known !== undefined) return known
  const context = createSecureContext(tls.ca === undefined ? {} : { ca: tls.ca })
  contexts.set(tls, context)
  return context
}

/** The client side of TLS over a socket that may still be connecting. */
export function secureOutgoing(
  raw: RowSocket,
  host: string,
  tls: NonNullable<ConnectOptions['tls']>,
): RowSocket {
  return connectTls({
    socket: raw,
    host,
    secureContext: contextOf(tls),
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(tls.serverName ? { servername: tls.serverName } : {}),
    ...STREAM_OPTIONS,
  }) as unknown as RowSocket
}

/** The server side of TLS over an accepted socket. */
export function secureIncoming(raw: RowSocket, secureContext: SecureContext): RowSocket {
  const stream = new TLSSocket(raw, { isServer: true, secureContext, ...STREAM_OPTIONS })
  return stream as unknown as RowSocket
}

/** Ends a connection at once, by RST where that is possible. */
export function resetSocket(raw: RowSocket, stream: RowSocket): void {
  // libuv refuses to reset a socket whose end is being sent (uv_tcp_close_reset: EINVAL), and would
  // leave it open.
  const canReset = !raw.connecting && !raw.destroyed && !stream.writableEnded
  if (canReset) raw.resetAndDestroy()
  stream.destroy()
  raw.destroy()
}

/** "address:port", IPv6 in brackets; "" where the socket is gone. */
export function addressText(address: string | undefined, port: number | undefined): string {
  if (address === undefined || port === undefined) return ''
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
