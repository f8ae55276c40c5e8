/**
 * Where doctor stands: from a network namespace of its own a container neither sees nor may change
 * half of the settings. Says which, so that their absence is not taken for an answer.
 */
import { counted } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { sysctlNumber, sysctlText } from '../../sysctl-facts.ts'

/** What other checks would recommend, by the checks that ask for it. */
const HOST_SETTINGS: readonly (readonly [what: string, checks: string])[] = [
  ['net.ipv4.tcp_mem', 'memory/tcp-mem'],
  ['net.ipv4.tcp_max_orphans', 'tw/orphans'],
  ['net.ipv4.neigh.default.gc_thresh3', 'ports/neigh'],
  ['net.core.netdev_max_backlog', 'nic/backlog'],
  ['net.core.netdev_budget', 'nic/budget'],
  ['net.core.rps_sock_flow_entries', 'nic/rfs'],
  ['net.core.default_qdisc', 'nic/qdisc'],
  ['net.netfilter.nf_conntrack_max', 'conntrack/max'],
  ['fs.file-max', 'files/file-max'],
  ['fs.nr_open', 'files/nr-open'],
  ['fs.epoll.max_user_watches', 'files/epoll-watches'],
]
/** Exists in the host's namespace only; that it can be read is the proof. */
const WITNESS_KEY = 'net.ipv4.tcp_max_orphans'
const NOT_SYSCTLS = 'queues, interrupts and RPS of the network cards (nic/*), clock source (time/*)'

export const cgroupNetnsScope: Check = {
  id: 'cgroup/netns-scope',
  title: 'What can be judged from in here',
  family: 'cgroup',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/core/sysctl_net_core.c, net/ipv4/sysctl_net_ipv4.c (init_net tables)',
  why:
    'A container with a network namespace of its own starts with kernel defaults, not with the ' +
    "host's tuned values, and cannot see the settings that belong to the host.",
  explain: `Tuning the host does not reach a container that has its own network namespace: the new
namespace takes kernel defaults (the range of ports is 32768-60999 again), except for tcp_rmem,
tcp_wmem and the congestion control, which are copied. So somaxconn, tcp_max_tw_buckets,
ip_local_port_range and their like must be set inside: docker run --sysctl, securityContext.sysctls
in Kubernetes (kubelet --allowed-unsafe-sysctls for somaxconn).

Others exist once for the host and are not even visible from inside: tcp_mem, tcp_max_orphans,
netdev_max_backlog, neighbour tables. Run doctor on the host for those. doctor never writes a host
setting from a container.`,
  evaluate: evaluateScope,
}

function evaluateScope(facts: Facts): Finding {
  const { network, networkInode } = facts.host.namespaces
  if (!network.known) return unknownFinding(cgroupNetnsScope, network)
  const evidence = [`${network.source}: ${network.value} namespace`]
  if (networkInode.known) evidence.push(`${networkInode.source}: ${networkInode.value}`)
  if (network.value === 'host') {
    const witness = sysctlNumber(facts, WITNESS_KEY)
    if (!witness.known) return unknownFinding(cgroupNetnsScope, witness)
    return findingOf(cgroupNetnsScope, {
      status: 'ok',
      observed: "in the host's network namespace",
      evidence,
    })
  }
  const hidden = HOST_SETTINGS.filter(([key]) => !sysctlText(facts, key).known)
  const lines = HOST_SETTINGS.map(([key, checks]) => {
    const value = sysctlText(facts, key)
    return `host: ${key} (${checks}), ${value.known ? `here ${value.value}` : 'hidden from here'}`
  })
  return findingOf(cgroupNetnsScope, {
    status: 'info',
    observed:
      'in a network namespace of its own, which hides ' +
      `${counted(hidden.length, 'setting')} of the host`,
    needed: 'doctor on the host as well, for what belongs to the host',
    evidence: [...evidence, ...lines, `host: ${NOT_SYSCTLS}`],
    fixNow: 'run pushctl doctor on the host for the lines that begin with "host:"',
    fixForGood: 'set per-namespace keys where the container is defined, the others on the host',
  })
}
