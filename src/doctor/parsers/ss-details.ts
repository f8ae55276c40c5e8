/**
 * The words behind the addresses of an ss row: timer, socket memory, round trip, retransmits.
 * Absent words are null.
 */
import { parseDecimal } from './numbers.ts'
import type { SocketRow } from './ss-sockets.ts'

export interface SocketTimer {
  /** on (retransmit), keepalive, timewait, persist … */
  readonly kind: string
  readonly retries: number
}

export function timerOf(row: SocketRow): SocketTimer | null {
  const match = /timer:\(([a-z-]+),[^,]*,(\d+)\)/.exec(row.details)
  return match === null ? null : { kind: match[1] ?? '', retries: Number(match[2]) }
}

/**
 * One figure of skmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d0) by its letters; `d` counts drops.
 */
export function socketMemory(row: SocketRow, letters: string): number | null {
  const memory = /skmem:\(([^)]*)\)/.exec(row.details)?.[1]
  const match = new RegExp(`(?:^|,)${letters}(\\d+)`).exec(memory ?? '')
  return match === null ? null : parseDecimal(match[1] ?? '')
}

/** A number behind `name:` such as rto:204 or cwnd:10; of rtt:0.005/0.002 the first. */
export function detailNumber(row: SocketRow, name: string): number | null {
  const match = new RegExp(`(?:^|\\s)${name}:(\\d+(?:\\.\\d+)?)`).exec(row.details)
  return match === null ? null : Number(match[1])
}

/** Path of the control group, from `ss -e` of iproute2 5.10 and later. */
export function cgroupOf(row: SocketRow): string | null {
  return /(?:^|\s)cgroup:(\S+)/.exec(row.details)?.[1] ?? null
}

export function inodeOf(row: SocketRow): number | null {
  return parseDecimal(/(?:^|\s)ino:(\d+)/.exec(row.details)?.[1] ?? '')
}
