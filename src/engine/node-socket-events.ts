/**
 * One set of listener functions for all sockets of an engine: Node calls them with the socket as
 * `this`, and the socket knows its row (SLOT). A closure per socket and event would cost about 500
 * bytes a connection.
 */
import { type RowSocket, SLOT } from './node-rows.ts'
import { NO_SLOT } from './socket-engine.ts'

export interface SocketEvents {
  noteData(stream: RowSocket, chunk: Buffer): void
  noteEnd(stream: RowSocket): void
  noteDrain(stream: RowSocket): void
  noteError(socket: RowSocket, error: Error): void
  noteStreamClose(stream: RowSocket): void
  /** The descriptor of a TCP socket is returned. */
  noteDescriptorClose(): void
  noteConnect(stream: RowSocket): void
  noteSecure(stream: RowSocket): void
}

type SocketListener = (this: RowSocket) => void

export class NodeSocketEvents {
  readonly #onData: (this: RowSocket, chunk: Buffer) => void
  readonly #onError: (this: RowSocket, error: Error) => void
  readonly #onEnd: SocketListener
  readonly #onDrain: SocketListener
  readonly #onStreamClose: SocketListener
  readonly #onDescriptorClose: SocketListener
  readonly #onConnect: SocketListener
  readonly #onSecure: SocketListener

  constructor(events: SocketEvents) {
    this.#onData = function (chunk) {
      events.noteData(this, chunk)
    }
    this.#onError = function (error) {
      events.noteError(this, error)
    }
    this.#onEnd = function () {
      events.noteEnd(this)
    }
    this.#onDrain = function () {
      events.noteDrain(this)
    }
    this.#onStreamClose = function () {
      events.noteStreamClose(this)
    }
    this.#onDescriptorClose = () => events.noteDescriptorClose()
    this.#onConnect = function () {
      events.noteConnect(this)
    }
    this.#onSecure = function () {
      events.noteSecure(this)
    }
  }

  /** Every TCP socket, accepted or connecting, first of all. It has no row yet. */
  adopt(socket: RowSocket): void {
    socket[SLOT] = NO_SLOT
    socket.on('error', this.#onError)
    socket.on('close', this.#onDescriptorClose)
  }

  /** What is read and written: the TCP socket itself, or the TLS socket over it. */
  watch(stream: RowSocket, isOverTls: boolean): void {
    stream.on('data', this.#onData)
    stream.on('end', this.#onEnd)
    stream.on('drain', this.#onDrain)
    stream.on('close', this.#onStreamClose)
    if (isOverTls) stream.on('error', this.#onError)
  }

  /**
   * `secureConnect` of a TLS stream comes after its handshake and its checks of the certificate.
   */
  watchConnect(stream: RowSocket, isOverTls: boolean): void {
    stream.once(isOverTls ? 'secureConnect' : 'connect', this.#onConnect)
  }

  /** 'secure' is what tls.Server itself waits for before it says 'secureConnection'. */
  watchHandshake(stream: RowSocket): void {
    stream.once('secure', this.#onSecure)
  }
}
