/** SYN cookies: a net under the SYN queue, to be stretched and not to be stood on. */
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { setSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'

const KEY = 'net.ipv4.tcp_syncookies'

export const listenSyncookies: Check = {
  id: 'listen/syncookies',
  title: 'SYN cookies',
  family: 'listen',
  roles: ['server'],
  scope: 'netns',
  source: 'Documentation/networking/ip-sysctl.rst tcp_syncookies',
  why:
    'With 1 the kernel answers by cookie when the SYN queue is full, so the port stays alive. ' +
    'A connection made by cookie keeps its options only as far as timestamps can carry them.',
  explain: `0: a full SYN queue drops SYNs. 1, the default: cookies when it is full. 2: cookies
always, which is for testing.

Cookies are a net for floods, not a way to carry legal load: the documentation says so. When
TCPReqQFullDoCookies moves in normal operation, the backlog is too short (listen/syn-recv).`,
  evaluate: evaluateSyncookies,
}

function evaluateSyncookies(facts: Facts): Finding {
  const value = sysctlNumber(facts, KEY)
  if (!value.known) return unknownFinding(listenSyncookies, value)
  const isRight = value.value === 1
  const meaning = value.value === 0 ? 'off: a full SYN queue drops' : 'always on, meant for tests'
  return findingOf(listenSyncookies, {
    status: isRight ? 'ok' : 'warn',
    observed: isRight ? 'on when the queue is full' : meaning,
    needed: '1',
    evidence: [`${value.source}: ${value.value}`],
    settings: isRight ? [] : [setSysctl(KEY, 1, 'keeps the port alive when the SYN queue is full')],
  })
}
