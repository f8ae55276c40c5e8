/**
 * bind() before connect() without IP_BIND_ADDRESS_NO_PORT. It cannot be seen from outside, so this
 * is told, not judged.
 */
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf } from '../../finding.ts'
import { isSysctlAbsent } from '../../sysctl-facts.ts'
import type { Target } from '../../target.ts'

const AUTOBIND_KEY = 'net.ipv4.ip_autobind_reuse'

export const portsBindNoPort: Check = {
  id: 'ports/bind-no-port',
  title: 'Source address bound without a port',
  family: 'ports',
  roles: ['loadgen'],
  scope: 'process',
  source: 'ip(7) IP_BIND_ADDRESS_NO_PORT, net/ipv4/inet_connection_sock.c inet_csk_get_port',
  why:
    'bind(address, 0) before connect() takes a port away from all destinations, unless the ' +
    'program sets ' +
    'IP_BIND_ADDRESS_NO_PORT first. Ports taken that way are also skipped by every plain ' +
    'connect().',
  explain: `EADDRNOTAVAIL or EADDRINUSE while ports × addresses × destinations is far from full
is the sign of it.

In C: setsockopt(IP_BIND_ADDRESS_NO_PORT) before bind(), there since 4.2. Plain Node cannot set
it: give localPort as well, or leave localAddress away, or use several network namespaces.
pushctl's epoll engine sets it.

ip_autobind_reuse=1 lets bind(0) share ports among sockets with SO_REUSEADDR; the documentation
discourages it.`,
  evaluate: evaluateBindNoPort,
}

function evaluateBindNoPort(facts: Facts, target: Target): Finding {
  const autobind = facts.sysctls[AUTOBIND_KEY]
  const evidence = autobind?.known
    ? [`${autobind.source}: ${autobind.value}`]
    : isSysctlAbsent(facts, AUTOBIND_KEY)
      ? ['net.ipv4.ip_autobind_reuse: this kernel does not have it']
      : []
  if (target.bindMode !== 'address') {
    return findingOf(portsBindNoPort, {
      status: 'info',
      observed: 'cannot be seen from outside; the plan does not bind an address without a port',
      evidence,
    })
  }
  return findingOf(portsBindNoPort, {
    status: 'info',
    observed:
      'the generator binds a source address without a port: destinations do not multiply its ports',
    needed: 'IP_BIND_ADDRESS_NO_PORT, or an explicit port for each connection',
    evidence,
    fixNow: 'give localPort with localAddress, or no localAddress',
    fixForGood: 'set IP_BIND_ADDRESS_NO_PORT in the program before bind()',
  })
}
