/**
 * What the host is meant to carry. Every threshold of a check is computed from this, so a finding
 * can say "needed for this target". Symbols in brackets are those of the formulas in
 * docs/doctor.md.
 */
export type Role = 'server' | 'loadgen' | 'both'

/**
 * How a generator or proxy chooses its source address, which decides how far the ports go
 * (ports/source-ips).
 */
export type BindMode = 'route' | 'address' | 'address-and-port'

export interface Target {
  readonly role: Role
  /** Connections held at the same time (N). */
  readonly connections: number
  /** New connections per second at the peak (R). */
  readonly connectsPerSecond: number
  /** Messages per second over all connections (M). */
  readonly messagesPerSecond: number
  /** Payload bytes of one message (m). */
  readonly messageBytes: number
  /**
   * Share of closes that a server begins itself (f); the closer keeps the TIME_WAIT. 1 is the worst
   * case.
   */
  readonly serverCloseFraction: number
  /** Sockets with unsent or unread bytes at one moment (A); null: worked out by `dirtySockets`. */
  readonly dirtySockets: number | null
  /** How long accepting may stall without losing a connection (Ts): a collection, a reload. */
  readonly acceptStallSeconds: number
  /** Listeners that share one port by SO_REUSEPORT (L). */
  readonly listeners: number
  /** Local addresses a generator connects from (S). */
  readonly sourceAddresses: number
  /** Distinct destination address:port pairs a generator connects to (D). */
  readonly destinations: number
  readonly bindMode: BindMode
  /** Longest silence on a healthy connection: heartbeat or keepalive (HB). Null: not declared. */
  readonly heartbeatSeconds: number | null
  /** 99th percentile of the round trip to clients (RTT99). */
  readonly roundTripSecondsP99: number
  /** Bytes of process memory a connection takes beyond the kernel's share. */
  readonly processBytesPerConnection: number
  /** Processes the connections are spread over. */
  readonly workers: number
  /** Ports that must be listening; empty: whatever listens. */
  readonly ports: readonly number[]
}

export const DEFAULT_TARGET: Target = {
  role: 'server',
  connections: 10_000,
  connectsPerSecond: 1_000,
  messagesPerSecond: 1_000,
  messageBytes: 256,
  serverCloseFraction: 1,
  dirtySockets: null,
  acceptStallSeconds: 0.5,
  listeners: 1,
  sourceAddresses: 1,
  destinations: 1,
  bindMode: 'route',
  heartbeatSeconds: null,
  roundTripSecondsP99: 0.2,
  processBytesPerConnection: 0,
  workers: 1,
  ports: [],
}

export function actsAsServer(target: Target): boolean {
  return target.role !== 'loadgen'
}

export function actsAsLoadgen(target: Target): boolean {
  return target.role !== 'server'
}

/**
 * Closes per second that this host begins (C): a generator closes all it opens, a server its share.
 */
export function closesPerSecond(target: Target): number {
  return actsAsLoadgen(target)
    ? target.connectsPerSecond
    : target.connectsPerSecond * target.serverCloseFraction
}

/** A = min(N, M·(RTT99 + 0.2 s)) unless declared; a broadcast makes it N. */
export function dirtySockets(target: Target): number {
  return Math.min(
    target.connections,
    target.dirtySockets ?? Math.ceil(target.messagesPerSecond * (target.roundTripSecondsP99 + 0.2)),
  )
}

/** Accept queue that survives a stall of Ts: clamp(nextpow2(R·max(Ts, RTT99)/L), 4096, 65535). */
export function acceptQueueNeeded(target: Target): number {
  const stallSeconds = Math.max(target.acceptStallSeconds, target.roundTripSecondsP99)
  const arrivals = Math.ceil((target.connectsPerSecond * stallSeconds) / target.listeners)
  return Math.min(65_535, Math.max(4_096, nextPowerOfTwo(arrivals)))
}

/** Descriptors one process needs: its share of N plus max(1024, 2 %). */
export function descriptorsNeeded(target: Target): number {
  const share = Math.ceil(target.connections / Math.max(1, target.workers))
  return share + Math.max(1_024, Math.ceil(share * 0.02))
}

export function nextPowerOfTwo(count: number): number {
  return count <= 1 ? 1 : 2 ** Math.ceil(Math.log2(count))
}
