/** Whether the table of tracked connections can hold the target, closed ones included. */
import {
  CONNTRACK_BUCKETS_KEY,
  CONNTRACK_MAX_KEY,
  type ConntrackNeed,
  conntrackLimit,
  conntrackNeed,
  conntrackPath,
  TIME_WAIT_KEY,
} from '../../conntrack-path.ts'
import { counted, grouped } from '../../counter-moves.ts'
import type { Fact } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { kernelIsAtLeast } from '../../kernel-release.ts'
import { raiseSysctl, type Setting } from '../../setting.ts'
import { hasSysctl, sysctlNumber } from '../../sysctl-facts.ts'
import type { Target } from '../../target.ts'

/** One entry with its extensions; each is in the hash twice, in both directions. */
const BYTES_PER_ENTRY = 350
const BYTES_PER_BUCKET = 8
const SHORT_TIME_WAIT_SECONDS = 30

export const conntrackMax: Check = {
  id: 'conntrack/max',
  title: 'Limit of tracked connections',
  family: 'conntrack',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source:
    'net/netfilter/nf_conntrack_proto_tcp.c, ' + 'Documentation/networking/nf_conntrack-sysctl.rst',
  why:
    'Entries are needed for live connections and for those closed within the last two minutes. ' +
    'A limit below the number of connections makes the target impossible.',
  explain: `Need: 1.25 x (connections + closes a second x nf_conntrack_tcp_timeout_time_wait).
Whoever closes first does not matter: the entry stays until its timer ends. Peers that vanish
without FIN stay much longer (nf_conntrack_tcp_timeout_established, five days) and come on top.

Set the buckets first, at least half as many as entries, then the limit. Before 4.8 buckets are set
by /sys/module/nf_conntrack/parameters/hashsize. Memory: about 350 bytes an entry and 8 a bucket,
0.4 GB for a million connections.

sysctl.d is applied at boot before the module is loaded, unless /etc/modules-load.d names
nf_conntrack: without that line the values are lost.

Better: do not track the port of the service at all. Shortening the time in TIME_WAIT to 30 s is
harmless on a server and cuts the need where connections churn.

Do not raise the limit alone on an old kernel with 16,384 buckets: lookups then walk chains of 60.`,
  evaluate: evaluateMax,
}

function evaluateMax(facts: Facts, target: Target): Finding {
  const path = conntrackPath(facts)
  if (!path.known) return unknownFinding(conntrackMax, path)
  const { state } = path.value
  if (state === 'not loaded' || state === 'not in the path') {
    return findingOf(conntrackMax, {
      status: 'ok',
      observed: 'connections of this host are not tracked',
      evidence: [`${path.source}: ${state}`],
    })
  }
  const max = conntrackLimit(facts)
  if (!max.known) return unknownFinding(conntrackMax, max)
  const timeWait = sysctlNumber(facts, TIME_WAIT_KEY)
  if (!timeWait.known) return unknownFinding(conntrackMax, timeWait)
  const need = conntrackNeed(target, timeWait.value)
  const buckets = sysctlNumber(facts, CONNTRACK_BUCKETS_KEY)
  const isShort = max.value < need.entries
  const fewBuckets = buckets.known && buckets.value < need.entries / 2
  const status = statusOf(target, max.value, isShort, fewBuckets, state === 'tracking')
  return findingOf(conntrackMax, {
    status,
    observed:
      `${counted(max.value, 'entry', 'entries')}${bucketText(buckets)}` +
      (state === 'idle' ? '; nothing is tracked yet, so it may not matter' : ''),
    needed: neededText(target, need, timeWait.value),
    evidence: [
      `${max.source}: ${grouped(max.value)}`,
      `${timeWait.source}: ${timeWait.value} s`,
      buckets.known
        ? `${buckets.source}: ${grouped(buckets.value)}`
        : `${buckets.source}: unknown, ${buckets.reason}`,
    ],
    settings: state === 'tracking' ? largerTable(facts, need, isShort, fewBuckets) : [],
    ...(status === 'warn' || status === 'critical'
      ? {
          fixForGood:
            'exclude the port of the service from tracking (nft … tcp dport PORT notrack), or ' +
            'keep ' +
            `${CONNTRACK_BUCKETS_KEY} = ${need.buckets} and ${CONNTRACK_MAX_KEY} = ${need.entries}`,
        }
      : {}),
  })
}

function statusOf(
  target: Target,
  max: number,
  isShort: boolean,
  fewBuckets: boolean,
  isTracking: boolean,
): Status {
  if (isShort && !isTracking) return 'info'
  if (isShort) return target.connections > max ? 'critical' : 'warn'
  return fewBuckets ? 'info' : 'ok'
}

function bucketText(buckets: Fact<number>): string {
  return buckets.known ? ` in ${counted(buckets.value, 'bucket')}` : ''
}

function neededText(target: Target, need: ConntrackNeed, timeWaitSeconds: number): string {
  const bytes = need.entries * BYTES_PER_ENTRY + need.buckets * BYTES_PER_BUCKET
  const memory = `about ${grouped(Math.ceil(bytes / 1e6))} MB when full`
  if (timeWaitSeconds <= SHORT_TIME_WAIT_SECONDS) return `${need.formula}; ${memory}`
  const shorter = conntrackNeed(target, SHORT_TIME_WAIT_SECONDS)
  return (
    `${need.formula}; ${memory}; ${counted(shorter.entries, 'entry', 'entries')} with ` +
    `${SHORT_TIME_WAIT_SECONDS} s in TIME_WAIT`
  )
}

/** Buckets before the limit. Nothing where the keys cannot be seen: they are the host's. */
function largerTable(
  facts: Facts,
  need: ConntrackNeed,
  isShort: boolean,
  fewBuckets: boolean,
): Setting[] {
  const settings: Setting[] = []
  if (fewBuckets) settings.push(moreBuckets(facts, need.buckets))
  if (isShort && hasSysctl(facts, CONNTRACK_MAX_KEY)) {
    settings.push(raiseSysctl(CONNTRACK_MAX_KEY, need.entries, 'holds live and closed connections'))
  }
  return settings
}

function moreBuckets(facts: Facts, buckets: number): Setting {
  const reason = 'short chains: at most two entries a bucket'
  return kernelIsAtLeast(facts, 4, 8) === false
    ? {
        kind: 'sysfs',
        path: '/sys/module/nf_conntrack/parameters/hashsize',
        value: String(buckets),
        reason,
      }
    : raiseSysctl(CONNTRACK_BUCKETS_KEY, buckets, reason)
}
