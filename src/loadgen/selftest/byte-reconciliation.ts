/**
 * Numbers that reconcile: messages × frame size against the bytes that the kernel took and gave
 * (what send() and recv() returned, summed by the engine). A gap says that messages were counted
 * that were never on the wire, or bytes moved that nobody counted. Pure.
 */
import { varintBytes } from '../../protocol/varint.ts'

/** More than this share of the expected bytes apart, and the numbers do not reconcile. */
export const RECONCILE_SHARE_MAX = 0.01

export interface ByteCount {
  /** 'sent' or 'received', seen from the generator. */
  readonly direction: 'sent' | 'received'
  /** Messages × frame size, greetings and heartbeats included. */
  readonly expected: number
  /** By the kernel. */
  readonly counted: number
}

export interface ByteGap extends ByteCount {
  /** (counted - expected) / expected; Infinity where nothing was expected. */
  readonly share: number
  /** What was seen, and what it means; for the reasons of a verdict. */
  readonly reason: string
}

/** The directions in which more than 1 % is missing or too much; empty: all reconciles. */
export function reconcileBytes(counts: readonly ByteCount[]): ByteGap[] {
  return counts.flatMap((count) => {
    const { direction, expected, counted } = count
    const share = expected === 0 ? (counted === 0 ? 0 : Infinity) : counted / expected - 1
    if (Math.abs(share) <= RECONCILE_SHARE_MAX) return []
    const percent = Number.isFinite(share) ? ` (${(share * 100).toFixed(1)} %)` : ''
    const meaning =
      share < 0
        ? 'messages were counted that were not on the wire'
        : 'the target sends or gets what no message accounts for'
    const reason =
      `messages × frame size are ${expected} bytes ${direction}, the kernel counted ${counted}` +
      `${percent}: ${meaning}`
    return [{ ...count, share, reason }]
  })
}

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
