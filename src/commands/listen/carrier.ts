/**
 * How frames reach a node, without saying what they mean: the seam between a device session and
 * TCP or WebSocket.
 */

export interface Carrier {
  /** `frame` is type byte and body. Dropped without a word once the carrier has ended. */
  send(frame: Uint8Array): void
  /** No further onFrame, except for what is already read, until resume(). */
  pause(): void
  resume(): void
  /** Ends in order; onEnd may or may not follow. */
  end(): void
}

export interface CarrierSink {
  onOpen(): void
  /** One frame: type byte and body, valid during the call. */
  onFrame(bytes: Uint8Array, start: number, end: number): void
  /** Once, and nothing after it. */
  onEnd(end: CarrierEnd): void
}

export interface CarrierEnd {
  /**
   * unreachable: no connection. refused: the peer answered, but not with this protocol. fault: the
   * peer broke it later. closed: anything else.
   */
  readonly kind: 'unreachable' | 'refused' | 'fault' | 'closed'
  /** WebSocket close code; 0 where there is none. */
  readonly code: number
  /** ECONNREFUSED, HTTP 401, bad-length … */
  readonly detail: string
}
