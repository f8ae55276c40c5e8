/** Every message between the selftest and its server process. */
export interface ResponderSetup {
  readonly engine: 'auto' | 'epoll' | 'node'
  readonly connections: number
  readonly messageBytes: number
  readonly seed: number
  /** Messages of the whole run: the length of the log. */
  readonly events: number
}

/** One row per message in the order of arrival, all times in µs on the monotonic clock. */
export interface ResponderLog {
  /** Number in the global schedule, from the connection and its sequence number. */
  readonly events: Float64Array
  readonly intendedUs: Float64Array
  /** When the server had read it. */
  readonly arrivedUs: Float64Array
  /** Right before the answer was handed to the kernel; 0: it never was. */
  readonly releasedUs: Float64Array
  /** Pairs of from, until: when the server, which looks all the time, did not run. */
  readonly gapsUs: Float64Array
  /** Bytes that recv() and send() of the server's sockets returned. */
  readonly bytesReceived: number
  readonly bytesSent: number
  /** PINGs answered, which are part of the bytes. */
  readonly pings: number
  /** CPU time of the process while it held connections. */
  readonly cpuUs: number
}

export type ResponderDown =
  | { readonly kind: 'setup'; readonly setup: ResponderSetup }
  | { readonly kind: 'finish' }

export type ResponderUp =
  | { readonly kind: 'ready'; readonly port: number }
  /** The first message came, and was due then. */
  | { readonly kind: 'begun'; readonly firstIntendedUs: number }
  | { readonly kind: 'log'; readonly log: ResponderLog }
  | { readonly kind: 'failed'; readonly reason: string }
