/**
 * Connections that failed because this host had no local port left for them. They look like
 * failures of the target and are none.
 */
import { counted, levelOf, percent, type VerdictRule } from './verdict-facts.ts'

/** Of the connections asked for: with 1 % missing the load is another one. */
export const PORTLESS_SHARE = { suspect: 0, invalid: 0.01 } as const

/** connect(2) without a free port, bind(2) to one that is taken. */
const CAUSES: readonly string[] = ['EADDRNOTAVAIL', 'EADDRINUSE']

export const portExhaustion: VerdictRule = ({ connections, failures }) => {
  const count = failures
    .filter(({ cause }) => CAUSES.includes(cause))
    .reduce((sum, failure) => sum + failure.count, 0)
  const share = count / Math.max(1, connections)
  const level = levelOf(share, PORTLESS_SHARE)
  if (level === null) return null
  return {
    level,
    reason:
      `${counted(count, 'connection')} (${percent(share)}) found no free local port: ` +
      'add addresses with --source-ip, or wait a minute for ports in TIME_WAIT',
  }
}
