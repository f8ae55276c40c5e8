/**
 * How many bytes the frames of a selftest are on the wire, from docs/protocol.md and not from the
 * code that writes them: so that messages × frame size is a count of its own.
 */
import { varintBytes } from '../../protocol/varint.ts'

/** A push frame behind its varint length on TCP, from the bytes of the frame itself. */
export function tcpFrameBytes(frameBytes: number): number {
  return varintBytes(frameBytes) + frameBytes
}

/**
 * RFC 6455 §5.2: 2 bytes, 2 more from 126 bytes of payload on (8 from 64 KiB), 4 of mask from a
 * client.
 */
export function webSocketFrameBytes(frameBytes: number, isMasked: boolean): number {
  const lengthBytes = frameBytes < 126 ? 0 : frameBytes < 65_536 ? 2 : 8
  return 2 + lengthBytes + (isMasked ? 4 : 0) + frameBytes
}

/** SEND: type, requestId 0, product "echo" and an empty route with their lengths, payload. */
export function sendFrameBytes(messageBytes: number): number {
  return 1 + 1 + (1 + 'echo'.length) + 1 + messageBytes
}

/** MSG of QoS 0: type, flags, seq 0, payload. */
export function msgFrameBytes(messageBytes: number): number {
  return 3 + messageBytes
}

/** HELLO as bench sends it: ten bytes of numbers and lengths around the device id. */
export function helloFrameBytes(deviceIdBytes: number): number {
  return 10 + deviceIdBytes
}

/** WELCOME with sequence numbers of 0: 20 bytes, and the heartbeat that is granted. */
export function welcomeFrameBytes(heartbeatSeconds: number): number {
  return 20 + varintBytes(heartbeatSeconds)
}

/** PING and PONG as bench and the selftest's server send them. */
export const HEARTBEAT_FRAME_BYTES = 1
