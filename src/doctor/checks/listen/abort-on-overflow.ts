/** tcp_abort_on_overflow turns a short stall into a storm of reconnects. */
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { setSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'

const KEY = 'net.ipv4.tcp_abort_on_overflow'

export const listenAbortOnOverflow: Check = {
  id: 'listen/abort-on-overflow',
  title: 'Reset on a full accept queue',
  family: 'listen',
  roles: ['server'],
  scope: 'netns',
  source: 'net/ipv4/tcp_minisocks.c tcp_check_req (listen_overflow)',
  why:
    'With 1 a client whose last ACK meets a full accept queue is reset instead of being let ' +
    'in a moment later. ' +
    'For push clients that turns a stall of 200 ms into a reconnect of all of them at once.',
  explain: `The setting concerns only the last ACK of the handshake; SYNs at a full queue are
dropped in silence either way. With 0 the client sends data or repeats its ACK and gets in as
soon as there is room.

1 makes sense only for clients that have another server to go to at once and that back off.
Guides that say "maybe" mean those.`,
  evaluate: evaluateAbort,
}

function evaluateAbort(facts: Facts): Finding {
  const value = sysctlNumber(facts, KEY)
  if (!value.known) return unknownFinding(listenAbortOnOverflow, value)
  const isOff = value.value === 0
  return findingOf(listenAbortOnOverflow, {
    status: isOff ? 'ok' : 'warn',
    observed: isOff ? 'off' : 'on: a full queue resets clients, which all reconnect at once',
    needed: '0',
    evidence: [`${value.source}: ${value.value}`],
    settings: isOff ? [] : [setSysctl(KEY, 0, 'a short stall must not reset clients')],
  })
}
