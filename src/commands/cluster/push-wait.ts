/**
 * Looks on while a stored push reaches its devices, through whichever node answers: nodes may die
 * meanwhile, and their devices get it where they come to. Of a broadcast nobody knows whom it is
 * still for, so it is over when it went to as many as were online, or when nothing happens any
 * more: devices of a dead node may be gone for good.
 */
import { formatCount } from '../../config/quantities.ts'
import { type ClusterWork, paced, pause } from './cluster-work.ts'
import type { PushProgress } from './push-any.ts'

/** Nodes tell their counts twice a second, and a device comes back within seconds. */
const QUIET_MS = 15_000

/** null where it was never known. */
export async function untilServed(
  work: ClusterWork,
  read: () => Promise<PushProgress | null>,
  quietMs = QUIET_MS,
): Promise<PushProgress | null> {
  const tell = paced(work.note)
  let last: PushProgress | null = null
  let movedMs = performance.now()
  for (;;) {
    const progress = await read()
    if (progress !== null) {
      if (isServed(progress)) return progress
      const hasMoved = last === null || progress.sent !== last.sent || progress.acked !== last.acked
      if (hasMoved || progress.state === 'paused') movedMs = performance.now()
      last = progress
      tell(() => progressText(progress))
    }
    if (performance.now() - movedMs > quietMs) return last
    await pause(work)
  }
}

/** Nothing is left to wait for. */
export function isServed({ state, ...counts }: PushProgress): boolean {
  const { online, stored, sent, acked, expired, trimmed } = counts
  if (state === undefined) return acked + expired + trimmed >= stored
  return sent >= online || state === 'cancelled' || state === 'expired'
}

/** Went to all that it was for. */
export function hasReachedAll({ state, ...counts }: PushProgress): boolean {
  return state === undefined ? counts.acked >= counts.stored : counts.sent >= counts.online
}

export function progressText({ state, ...counts }: PushProgress): string {
  const { online, stored, sent, acked, expired, trimmed } = counts
  const lost = expired + trimmed === 0 ? '' : `, ${expired} expired, ${trimmed} trimmed`
  if (state === undefined) return `acked by ${acked} of ${stored}${lost}`
  const shown = state === 'running' ? '' : `${state}: `
  const [sentText, onlineText, ackedText] = [sent, online, acked].map(formatCount)
  return `${shown}sent to ${sentText} of ${onlineText} devices, acked by ${ackedText}`
}
