/**
 * Packets a second that the target makes this host receive: three for each new connection, two for
 * each heartbeat, one acknowledgement for each message. An estimate to size queues with, good to a
 * factor of two.
 */
import { grouped } from './counter-moves.ts'
import type { Target } from './target.ts'

/** Where the target declares no heartbeat. */
const HEARTBEAT_SECONDS_ASSUMED = 60
const PACKETS_PER_CONNECT = 3
const PACKETS_PER_HEARTBEAT = 2

export interface PacketDemand {
  readonly packetsPerSecond: number
  readonly formula: string
}

export function packetDemand(target: Target): PacketDemand {
  const { connections, connectsPerSecond, messagesPerSecond } = target
  const heartbeatSeconds = target.heartbeatSeconds ?? HEARTBEAT_SECONDS_ASSUMED
  const heartbeats = (PACKETS_PER_HEARTBEAT * connections) / Math.max(1, heartbeatSeconds)
  const packetsPerSecond = Math.ceil(
    PACKETS_PER_CONNECT * connectsPerSecond + heartbeats + messagesPerSecond,
  )
  return {
    packetsPerSecond,
    formula:
      `${PACKETS_PER_CONNECT} × ${grouped(connectsPerSecond)} connects/s + ` +
      `${PACKETS_PER_HEARTBEAT} × ${grouped(connections)} connections / ${heartbeatSeconds} s + ` +
      `${grouped(messagesPerSecond)} messages/s = ${grouped(packetsPerSecond)} packets/s`,
  }
}
