/**
 * tcp_tw_recycle, the setting that breaks clients behind NAT. Its absence is the good case and is a
 * fact, not a gap.
 */
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { kernelIsAtLeast } from '../../kernel-release.ts'
import { setSysctl } from '../../setting.ts'
import { isSysctlAbsent, sysctlNumber } from '../../sysctl-facts.ts'
import { actsAsServer, type Target } from '../../target.ts'

const KEY = 'net.ipv4.tcp_tw_recycle'

export const twRecycle: Check = {
  id: 'tw/recycle',
  title: 'tcp_tw_recycle',
  family: 'tw',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'tcp(7) tcp_tw_recycle (Linux 2.4 to 4.11), include/net/tcp.h TCP_PAWS_MSL',
  why:
    'With tcp_tw_recycle=1 the kernel remembers one timestamp per remote address and drops ' +
    'SYNs that look older. ' +
    'Behind NAT many phones share an address and each has a clock of its own, so some of ' +
    'them cannot connect.',
  explain: `tcp_tw_recycle kept the last timestamp seen from each remote IP address, ports
ignored, and for 60 seconds dropped every SYN from that address whose timestamp was older by
more than one tick. One client, one address: it worked. Two phones behind one NAT: the one whose
clock runs behind is refused in silence and retries for seconds. Push systems met it as "some
users cannot connect, at random", and found it not suitable for servers.

It was removed in Linux 4.12, because from 4.10 on timestamps start at a random offset for each
pair of addresses, which would have broken even single clients.

Never set it; delete the key from sysctl files, where it now only makes sysctl print an error.
Turning timestamps off instead hides the symptom and loses more. What you want for outgoing
connections is tcp_tw_reuse.`,
  evaluate: evaluateRecycle,
}

function evaluateRecycle(facts: Facts, target: Target): Finding {
  const { kernelRelease } = facts.host
  // Absence alone could be a capture that was cut; the release says that it must be absent.
  if (isSysctlAbsent(facts, KEY) && kernelIsAtLeast(facts, 4, 12) === true) {
    return findingOf(twRecycle, {
      status: 'ok',
      observed: 'this kernel no longer has the setting',
      evidence: [
        '/proc/sys/net/ipv4/tcp_tw_recycle: does not exist',
        `${kernelRelease.source}: ${kernelRelease.known ? kernelRelease.value : ''}`,
      ],
    })
  }
  const value = sysctlNumber(facts, KEY)
  if (!value.known) return unknownFinding(twRecycle, value)
  const evidence = [`${value.source}: ${value.value}`]
  if (value.value === 0) {
    return findingOf(twRecycle, { status: 'ok', observed: 'off', needed: '0', evidence })
  }
  return findingOf(twRecycle, {
    status: actsAsServer(target) ? 'critical' : 'warn',
    observed: `tcp_tw_recycle is ${value.value}: clients behind one NAT are refused in silence`,
    needed: '0',
    evidence,
    settings: [setSysctl(KEY, 0, 'drops SYNs of clients that share an address behind NAT')],
  })
}
