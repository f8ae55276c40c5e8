/**
 * Numbers that reconcile: messages × frame size, greetings and heartbeats included, against the
 * bytes that the kernel took and gave. A gap says that messages were counted that were never on the
 * wire, or that bytes moved which nobody counted.
 *
 *   sent       frames that were handed to the engine    against what peers acknowledged
 *   received   frames that were decoded                 against what came in order
 *
 * The kernel's side is TCP_INFO of our own sockets (native/byte-count.c), exact to the byte; on the
 * node engine it is what its streams wrote and read.
 */
import { formatCount } from '../../config/quantities.ts'
import { percent, type VerdictRule } from './verdict-facts.ts'

/** More than this share of the expected bytes apart, and the numbers do not reconcile. */
export const RECONCILE_SHARE_MAX = 0.01

export interface ByteCount {
  /** Seen from the generator. */
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
    const apart = Number.isFinite(share)
      ? ` (${share < 0 ? '-' : '+'}${percent(Math.abs(share))})`
      : ''
    const reason =
      `messages × frame size are ${formatCount(expected)} bytes ${direction}, the kernel counted ` +
      `${formatCount(counted)}${apart}: ${meaningOf(direction, share)}`
    return [{ ...count, share, reason }]
  })
}

function meaningOf(direction: ByteCount['direction'], share: number): string {
  if (share < 0) {
    return direction === 'sent'
      ? 'what was sent still waits on this host or was dropped: look whether the target reads'
      : 'messages were counted that were not on the wire: a fault of bench, please report it'
  }
  return direction === 'sent'
    ? 'bytes left that no message accounts for: a fault of bench, please report it'
    : 'what came was not all read: lower the rate or use more --workers'
}

/**
 * Counts of all shards, by direction. Never worthless by itself: each message that was answered was
 * on the wire.
 */
export const byteGap: VerdictRule = ({ bytes }) => {
  const gaps = reconcileBytes(bytes)
  if (gaps.length === 0) return null
  return { level: 'SUSPECT', reason: gaps.map(({ reason }) => reason).join('; ') }
}

/** The sums of several shards, one for each direction. */
export function sumBytes(counts: readonly ByteCount[]): ByteCount[] {
  return (['sent', 'received'] as const).map((direction) => {
    const own = counts.filter((count) => count.direction === direction)
    return {
      direction,
      expected: own.reduce((sum, { expected }) => sum + expected, 0),
      counted: own.reduce((sum, { counted }) => sum + counted, 0),
    }
  })
}
