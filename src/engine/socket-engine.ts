/**
 * The one interface between bytes on sockets and everything above them. Two engines implement it:
 * epoll-engine.ts (batches over the native shim) and node-engine.ts (node:net and node:tls,
 * everywhere). One test suite runs on both.
 *
 * It speaks in batches: a turn reads every ready socket into one shared arena and hands them over
 * in one call, and what the handler answers is gathered in one shared outbox and sent with one
 * crossing of the native border. The cost is that the handler must finish with a batch before it
 * returns: arrays and bytes are reused.
 *
 *   turn:  accept ─► onAccept
 *          receive ─► onReceive (decode, reserve/commit) ─► flush ─► onOverflow, onClose
 *
 * A connection is a Slot: a row number, valid from onAccept/connect() until onClose, close() or
 * abort(). A slot given up in one turn is not handed out again before that turn ends, so a batch
 * can never name somebody else's connection; it can still name a connection that the handler itself
 * closed earlier in the same batch.
 */
import type { TurnRest } from './turn-rest.ts'

/** A row of the connection table, and nothing else. -1 (NO_SLOT) where there is none. */
export type Slot = number
export const NO_SLOT = -1

export type EngineKind = 'epoll' | 'node'

export interface EngineOptions {
  /** Rows: connections at one time, listeners not counted. */
  readonly capacity: number
  /** Bytes that one connection may have waiting for its peer; one more and onOverflow is called. */
  readonly sendQueueBytesMax: number
  /**
   * Bytes that one connection may leave unconsumed (keepFrom); more closes it with
   * RECEIVE_OVERFLOW.
   */
  readonly keptBytesMax: number
  /**
   * Bytes buffered for all connections together; a connection that needs more is closed with
   * BUFFERS_FULL.
   */
  readonly bufferedBytesMax: number
  /** How long close() waits for the peer to take what is queued and to close its side. */
  readonly lingerMs: number
  /** Missing: a turn begins as soon as something is ready. Epoll engine only. */
  readonly rest?: TurnRest | undefined
}

export const DEFAULT_ENGINE_OPTIONS: EngineOptions = {
  capacity: 20_000,
  sendQueueBytesMax: 256 * 1024,
  keptBytesMax: 80 * 1024,
  bufferedBytesMax: 256 * 1024 * 1024,
  lingerMs: 2_000,
}

/** Why a connection ended. A number, because it travels in batches. */
export const CLOSE_REASON = {
  /**
   * The peer ended its side in order (FIN). Bytes that came before were delivered; queued answers
   * are still sent.
   */
  PEER_END: 1,
  /** RST, or a write to a peer that is gone (ECONNRESET, EPIPE). */
  PEER_RESET: 2,
  /** connect() did not succeed; the errno says why. */
  CONNECT_FAILED: 3,
  /** The handler left more than keptBytesMax unconsumed. */
  RECEIVE_OVERFLOW: 4,
  /** All buffers of the engine are in use (bufferedBytesMax). */
  BUFFERS_FULL: 5,
  /** Any other error of the socket; the errno says which. */
  SOCKET_ERROR: 6,
} as const

export interface Endpoint {
  /** An IPv4 or IPv6 address, never a name: names are resolved before an engine sees them. */
  readonly host: string
  readonly port: number
}

export interface TlsFiles {
  readonly cert: string | Buffer
  readonly key: string | Buffer
}

export interface ListenOptions extends Endpoint {
  /** Accept queue asked for; the kernel caps it at net.core.somaxconn. */
  readonly backlog: number
  /** SO_REUSEPORT: several shards share one port and the kernel spreads connections over them. */
  readonly reusePort: boolean
  /** Node engine only; the epoll engine throws PUSHCTL_ENGINE_UNAVAILABLE. */
  readonly tls?: TlsFiles
}

export interface Listener {
  readonly id: number
  readonly host: string
  /** The real port, also where 0 was asked for. */
  readonly port: number
}

export interface ConnectOptions extends Endpoint {
  /** Source address; port 0 lets the kernel choose at connect time (IP_BIND_ADDRESS_NO_PORT). */
  readonly source?: Endpoint
  /** Node engine only. */
  readonly tls?: {
    readonly serverName?: string
    readonly rejectUnauthorized: boolean
    /** PEM of whom to trust instead of the usual authorities. */
    readonly ca?: string
  }
}

/** Sockets that were read in one pass. All arrays are reused after onReceive returns. */
export interface ReceiveBatch {
  count: number
  readonly slots: Int32Array
  /**
   * Where each socket's bytes lie in `bytes`: what it kept last time, directly followed by what is
   * new.
   */
  readonly starts: Int32Array
  readonly ends: Int32Array
  /**
   * Set by the handler: from here to ends[i] the engine keeps the bytes and presents them again, in
   * front of the next ones. Preset to ends[i] (all consumed). The handler may rewrite the bytes in
   * place, also those that it keeps.
   */
  readonly keepFrom: Int32Array
  readonly bytes: Uint8Array
}

/** What an engine calls. Each call names a batch; none may throw. */
export interface EngineHandler {
  onAccept(slots: Int32Array, count: number, listenerId: number): void
  /** Outgoing connections that are established now. */
  onConnect(slots: Int32Array, count: number): void
  onReceive(batch: ReceiveBatch): void
  /**
   * The send queue of these would have passed sendQueueBytesMax: what did not fit was not queued,
   * so the byte stream has ended there. The handler may commit one last frame (up to
   * OVERFLOW_GRACE_BYTES), then must close() or abort().
   */
  onOverflow(slots: Int32Array, count: number): void
  /**
   * Connections that ended without the handler asking for it. The slots are no longer the
   * handler's.
   */
  onClose(slots: Int32Array, reasons: Uint8Array, errnos: Int32Array, count: number): void
}

/** Room above sendQueueBytesMax for a last word (BYE) to a peer that does not read. */
export const OVERFLOW_GRACE_BYTES = 1024

/** Running totals since the engine started; read, never reset. */
export interface EngineCounters {
  accepted: number
  connected: number
  connectFailed: number
  /** Ends of connections that were open: accepted + connected - closed are open now. */
  closed: number
  bytesReceived: number
  bytesSent: number
  /** Given to commit() and sendSame(), whether or not the peer was still there. */
  bytesCommitted: number
  /** Times the descriptor limit stopped an accept (the connection stays in the accept queue). */
  acceptsDeferred: number
}

export interface SocketEngine {
  readonly kind: EngineKind
  readonly capacity: number
  readonly counters: Readonly<EngineCounters>
  /** Rows in use, closing ones included. */
  readonly openCount: number
  /** Bytes held for all connections (queued and kept). */
  readonly bufferedBytes: number

  listen(options: ListenOptions): Promise<Listener>
  closeListener(listenerId: number): void
  pauseAccept(): void
  resumeAccept(): void
  /**
   * So many connections may be accepted from now on, over all listeners; then they wait as while
   * paused, until the next quota. Infinity, as at the start: no limit.
   */
  setAcceptQuota(count: number): void

  /**
   * Starts up to `count` connections and writes their slots to `out`. Returns how many were
   * started: fewer where the table is full. Success is onConnect; failure, also an immediate one,
   * is onClose with CONNECT_FAILED, never inside this call.
   */
  connect(options: ConnectOptions, out: Int32Array, count: number): number

  /** The shared write arena. Replaced by nobody: the reference may be kept. */
  readonly outbox: Uint8Array
  /**
   * Offset of at least `bytes` free bytes of the outbox (at most OUTBOX_RESERVE_MAX); flushes first
   * when it is full.
   */
  reserve(bytes: number): number
  /**
   * Queues outbox[start, end) for the slot, after all that was queued before. Sent at the end of
   * the turn or by flush().
   */
  commit(slot: Slot, start: number, end: number): void
  /**
   * Sends all that is committed. Called by the engine after each onAccept, onConnect and onReceive.
   */
  flush(): void
  /**
   * The same bytes to many; flushes first to keep the order. The bytes are copied where the kernel
   * refuses them.
   */
  sendSame(slots: Int32Array, count: number, bytes: Uint8Array, start: number, end: number): void

  /**
   * Presents kept bytes again although nothing new came (after a decision the handler had to wait
   * for).
   */
  redeliver(slots: Int32Array, count: number): void

  /**
   * In order: sends what is queued, ends our side, discards what comes, frees the slot when the
   * peer ends or after lingerMs.
   */
  close(slot: Slot): void
  /** At once: drops what is queued and resets the connection (RST, no TIME_WAIT on this side). */
  abort(slot: Slot): void

  /** True from onAccept or connect() on, until the slot is given up. */
  isOpen(slot: Slot): boolean
  /** Distinguishes the users of one slot over time; wraps at 65,536. */
  generationOf(slot: Slot): number
  queuedBytesOf(slot: Slot): number
  /** "address:port" of the peer, "" when it is gone. Not for the hot path. */
  peerOf(slot: Slot): string
  /** "address:port" of our side. Not for the hot path. */
  localOf(slot: Slot): string

  /** Closes all at once; resolves when every descriptor is returned. */
  destroy(): Promise<void>
}

/** Largest single reserve(): a full frame of 64 KiB, its JSON form, and headers. */
export const OUTBOX_RESERVE_MAX = 256 * 1024
