/**
 * The clocks of several hosts against ours, and against each other. Hosts that share a kernel share
 * its clock, and are told from those that only answer fast: between them nothing is estimated.
 */
import type { ClockCorrection } from '../run-part.ts'
import type { ClockOffset, OffsetEstimate } from './clock-offset.ts'

export interface HostClock {
  /** Empty: not known. */
  readonly clockId: string
  readonly offset: ClockOffset
}

const EXACT: OffsetEstimate = { offsetUs: 0, errorUs: 0 }

/** Of a host's clock from ours, by the best of all that have the same; null: nobody answered. */
export function offsetOf(
  clock: HostClock,
  all: readonly HostClock[],
  ownClockId: string,
  nowUs: number,
): OffsetEstimate | null {
  if (clock.clockId !== '' && clock.clockId === ownClockId) return EXACT
  const same = clock.clockId === '' ? [] : all.filter(({ clockId }) => clockId === clock.clockId)
  let best = clock.offset.estimate(nowUs)
  for (const { offset } of same) {
    const estimate = offset.estimate(nowUs)
    if (estimate !== null && (best === null || estimate.errorUs < best.errorUs)) best = estimate
  }
  return best
}

/** From the clock of `from` to that of `to`; null: they have one clock. */
export function correctionBetween(
  from: { readonly clockId: string; readonly estimate: OffsetEstimate },
  to: { readonly clockId: string; readonly estimate: OffsetEstimate },
): ClockCorrection | null {
  if (from.clockId !== '' && from.clockId === to.clockId) return null
  return {
    shiftUs: to.estimate.offsetUs - from.estimate.offsetUs,
    errorUs: to.estimate.errorUs + from.estimate.errorUs,
  }
}
