/**
 * What one connection takes from its node each second at the peak, as fractions of packets and
 * microseconds. Everything in a plan is linear in connections, so this is its whole model.
 */
import type { AssumptionValues } from './assumption-table.ts'
import type { PlanInput } from './plan-input.ts'

/** SYN, ACK, upgrade, HELLO, FIN; SYN-ACK, answer, WELCOME, FIN. */
const PACKETS_PER_CONNECT = { in: 5, out: 4 }
/** PING and the ack of PONG; PONG, which carries the ack of PING. */
const PACKETS_PER_HEARTBEAT = { in: 2, out: 1 }
/** An ack frame that no other packet carries, and its own TCP ack. */
const PACKETS_PER_ACK = { in: 1, out: 1 }
const HELLO_BYTES = 300

/** Per second, of all that is online. */
export interface FleetRates {
  readonly online: number
  /** At the peak, broadcasts included. */
  readonly deliveriesPerSecond: number
  readonly broadcastsDeliveriesPerSecond: number
  readonly heartbeatsPerSecond: number
  /** Connections that come anew in normal times. */
  readonly connectsPerSecond: number
}

export function fleetRates(input: PlanInput, assumed: AssumptionValues): FleetRates {
  const online = Math.ceil(input.devices * input.onlineShare)
  const { pushesPerSecond, broadcastShare } = input
  const unicasts = pushesPerSecond * (1 - broadcastShare) * input.peakFactor
  // A broadcast is paced: its peak is the pace, unless more of it is asked for in the mean.
  const paced = broadcastShare > 0 ? online / input.broadcastSeconds : 0
  const broadcasts = Math.max(paced, pushesPerSecond * broadcastShare)
  return {
    online,
    deliveriesPerSecond: unicasts + broadcasts,
    broadcastsDeliveriesPerSecond: broadcasts,
    heartbeatsPerSecond: online / input.heartbeatSeconds,
    connectsPerSecond: online * assumed['churn-share'],
  }
}

/** Of one connection. */
export interface ConnectionLoad {
  readonly kernelBytes: number
  readonly processBytes: number
  /** Core time in processes, µs a second. */
  readonly processUs: number
  /** Core time in softirq, µs a second. */
  readonly softirqUs: number
  readonly packetsIn: number
  readonly packetsOut: number
  readonly bytesOut: number
  readonly bytesIn: number
}

export function connectionLoad(input: PlanInput, assumed: AssumptionValues): ConnectionLoad {
  const { online, deliveriesPerSecond, heartbeatsPerSecond, connectsPerSecond } = fleetRates(
    input,
    assumed,
  )
  const deliveries = deliveriesPerSecond / online
  const heartbeats = heartbeatsPerSecond / online
  const connects = connectsPerSecond / online
  const acks = input.qos === 1 ? deliveries : 0
  const frameBytes = input.messageBytes + assumed['frame-bytes']
  const segments = Math.ceil(frameBytes / assumed['segment-bytes'])
  const packetsIn =
    deliveries * Math.ceil(segments / 2) +
    acks * PACKETS_PER_ACK.in +
    heartbeats * PACKETS_PER_HEARTBEAT.in +
    connects * PACKETS_PER_CONNECT.in
  const packetsOut =
    deliveries * segments +
    acks * PACKETS_PER_ACK.out +
    heartbeats * PACKETS_PER_HEARTBEAT.out +
    connects * PACKETS_PER_CONNECT.out
  const underWay = Math.min(1, deliveries * assumed['round-trip-seconds'])
  return {
    kernelBytes:
      assumed['kernel-bytes'] + underWay * (input.messageBytes + assumed['queued-bytes']),
    processBytes: assumed['process-bytes'],
    processUs:
      deliveries * assumed['delivery-us'] +
      acks * assumed['ack-us'] +
      heartbeats * assumed['heartbeat-us'] +
      connects * assumed['connect-us'],
    softirqUs: (packetsIn + packetsOut) * assumed['softirq-us'],
    packetsIn,
    packetsOut,
    bytesOut: packetsOut * assumed['packet-bytes'] + deliveries * frameBytes,
    bytesIn:
      packetsIn * assumed['packet-bytes'] +
      (acks + heartbeats) * assumed['frame-bytes'] +
      connects * HELLO_BYTES,
  }
}
