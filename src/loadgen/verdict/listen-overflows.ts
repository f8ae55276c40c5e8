/**
 * A target on this host whose accept queue was full: the kernel dropped handshakes, and each costs
 * its client a second or more, which connect_time then shows. On another host the counter is not
 * ours to see.
 */
import { counted, type VerdictRule } from './verdict-facts.ts'

export const listenOverflows: VerdictRule = ({ hostInAll, isTargetHere }) => {
  const overflows = hostInAll.listen_overflows ?? 0
  if (!isTargetHere || overflows === 0) return null
  return {
    level: 'SUSPECT',
    reason:
      `an accept queue of this host was full ${counted(overflows, 'time')}, and connect_time ` +
      'has waits of a second or more: lower --connect-rate, or raise net.core.somaxconn and the ' +
      'backlog of the target',
  }
}
