/** tcp_max_syn_backlog, a setting most kernels in use never consult. */
import { grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import {
  type Check,
  type Finding,
  findingOf,
  type Judgement,
  unknownFinding,
} from '../../finding.ts'
import { kernelIsAtLeast } from '../../kernel-release.ts'
import { raiseSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { acceptQueueNeeded, type Target } from '../../target.ts'

const KEY = 'net.ipv4.tcp_max_syn_backlog'
/** Without cookies the last quarter is kept for peers that have proven themselves. */
const USABLE_SHARE = 0.75

export const listenSynBacklog: Check = {
  id: 'listen/syn-backlog',
  title: 'tcp_max_syn_backlog',
  family: 'listen',
  roles: ['server'],
  scope: 'netns',
  source: 'net/ipv4/tcp_input.c tcp_conn_request',
  why:
    'Since kernel 4.4 the SYN queue is compared with the backlog of the listener; this ' +
    'setting survives only where ' +
    'tcp_syncookies is 0. Raising it as a cure for connect storms does nothing.',
  explain: `Up to 3.10 the SYN queue was nextpow2(min(backlog, somaxconn,
tcp_max_syn_backlog)+1). Since the request sockets moved into the established hash, the backlog
of the listener is the limit, and tcp_max_syn_backlog is consulted only without cookies, where
its last quarter is kept for peers with a known round trip.

Equal to somaxconn is harmless and keeps old hosts right. 262144 in a guide is a sign that
nobody read the code.`,
  evaluate: evaluateSynBacklog,
}

function evaluateSynBacklog(facts: Facts, target: Target): Finding {
  const limit = sysctlNumber(facts, KEY)
  if (!limit.known) return unknownFinding(listenSynBacklog, limit)
  const cookies = sysctlNumber(facts, 'net.ipv4.tcp_syncookies')
  if (!cookies.known) return unknownFinding(listenSynBacklog, cookies)
  const isModern = kernelIsAtLeast(facts, 4, 4)
  const evidence = [`${limit.source}: ${limit.value}`, `${cookies.source}: ${cookies.value}`]
  const judge = (judgement: Omit<Judgement, 'evidence'>): Finding =>
    findingOf(listenSynBacklog, { evidence, ...judgement })
  if (isModern === null)
    return unknownFinding(
      listenSynBacklog,
      facts.host.kernelRelease.known
        ? {
            known: false,
            reason: 'the kernel release is of an odd form',
            source: facts.host.kernelRelease.source,
          }
        : facts.host.kernelRelease,
    )
  if (isModern && cookies.value >= 1) {
    return judge({
      status: 'ok',
      observed: `${grouped(limit.value)}, which this kernel does not consult`,
      needed: 'nothing: the backlog of the listener is the limit',
    })
  }
  const need = acceptQueueNeeded(target)
  const usable = isModern ? Math.floor(limit.value * USABLE_SHARE) : limit.value
  const wanted = isModern ? Math.ceil(need / USABLE_SHARE) : need
  if (usable >= need)
    return judge({ status: 'ok', observed: grouped(limit.value), needed: `≥ ${grouped(wanted)}` })
  return judge({
    status: 'warn',
    observed: `${grouped(limit.value)}, of which ${grouped(usable)} can be used`,
    needed: `≥ ${grouped(wanted)}`,
    settings: [
      raiseSysctl(
        KEY,
        wanted,
        isModern ? 'consulted because cookies are off' : 'limits the SYN queue of this kernel',
      ),
    ],
  })
}
