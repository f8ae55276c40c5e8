/**
 * Connections that failed on a limit of the generator's own process or host: descriptors or memory.
 * They look like failures of the target and are none.
 */
import { counted, levelOf, percent, type VerdictRule } from './verdict-facts.ts'

/** Of the connections asked for: with 1 % missing the load is another one. */
export const LIMITED_SHARE = { suspect: 0, invalid: 0.01 } as const

const CURES: Readonly<Record<string, string>> = {
  EMFILE: 'use more --processes or raise ulimit -n',
  ENFILE: 'raise fs.file-max',
  ENOBUFS: 'free memory or raise net.ipv4.tcp_mem',
  ENOMEM: 'free memory or hold fewer --connections',
  ENOSPC: 'raise fs.epoll.max_user_watches',
  'buffers-full': 'lower --rate or use more --workers',
}

export const ownLimits: VerdictRule = ({ connections, failures }) => {
  const own = failures.filter(({ cause }) => cause in CURES)
  const count = own.reduce((sum, failure) => sum + failure.count, 0)
  const share = count / Math.max(1, connections)
  const level = levelOf(share, LIMITED_SHARE)
  if (level === null) return null
  const causes = [...new Set(own.map(({ cause }) => cause))]
  return {
    level,
    reason:
      `${counted(count, 'connection')} (${percent(share)}) failed on a limit of this host ` +
      `(${causes.join(', ')}): ${causes.map((cause) => CURES[cause]).join('; ')}`,
  }
}
