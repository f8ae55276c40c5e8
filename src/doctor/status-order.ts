/** The worst of several statuses, for checks that look at one thing from several sides. */
import { STATUSES, type Status } from './finding.ts'

export function worstOf(...statuses: readonly Status[]): Status {
  return STATUSES.find((status) => statuses.includes(status)) ?? 'ok'
}

/**
 * As `status`, but never above warn where there is one sample only: a total since boot says that
 * something was lost, not that it is being lost.
 */
export function cappedByBasis(status: Status, basis: 'window' | 'boot'): Status {
  return basis === 'boot' && status === 'critical' ? 'warn' : status
}

export function isAlarm(status: Status): boolean {
  return status === 'critical' || status === 'warn'
}
