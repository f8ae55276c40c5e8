/**
 * TCP timestamps: on is right for both roles; the counters tell of clients whose NAT reuses ports
 * within a minute.
 */
import { counted, counterMove, describeMove } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { setSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'

const KEY = 'net.ipv4.tcp_timestamps'
/** Share of accepted connections whose NAT met its own TIME_WAIT. */
const NAT_REUSE_SHARE = 0.001

export const twTimestamps: Check = {
  id: 'tw/timestamps',
  title: 'TCP timestamps',
  family: 'tw',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/core/secure_seq.c, Documentation/networking/ip-sysctl.rst tcp_timestamps',
  why:
    'Timestamps protect against segments of an earlier connection (PAWS), measure round ' +
    'trips across retransmits and make ' +
    'tcp_tw_reuse possible. They cost 12 bytes a segment.',
  explain: `1 is the default and right: timestamps with a random offset for each pair of
addresses. 2 is the same without the offset and lets a peer read the uptime. 0 loses PAWS,
round-trip samples on retransmits, and tcp_tw_reuse.

Do not turn them off "because of NAT": that trouble came from tcp_tw_recycle, which is gone. Nor
"for CPU": it cannot be measured.

When PAWSTimewait or TCPACKSkippedTimeWait rises with accepted connections, a NAT in front of
the clients reuses its ports within 60 seconds and meets the TIME_WAIT of the earlier client.`,
  evaluate: evaluateTimestamps,
}

function evaluateTimestamps(facts: Facts): Finding {
  const value = sysctlNumber(facts, KEY)
  if (!value.known) return unknownFinding(twTimestamps, value)
  const evidence = [`${value.source}: ${value.value}`]
  if (value.value === 0) {
    return findingOf(twTimestamps, {
      status: 'warn',
      observed: 'timestamps are off',
      needed: '1',
      evidence,
      settings: [setSysctl(KEY, 1, 'PAWS, round-trip samples and tcp_tw_reuse need timestamps')],
    })
  }
  const passive = counterMove(facts, 'Tcp.PassiveOpens')
  for (const name of ['TcpExt.PAWSTimewait', 'TcpExt.TCPACKSkippedTimeWait']) {
    const refused = counterMove(facts, name)
    if (!refused.known || !passive.known || refused.value.delta === 0) continue
    evidence.push(`${refused.source}: ${describeMove(refused.value, facts)}`)
    if (refused.value.delta <= NAT_REUSE_SHARE * passive.value.delta) continue
    return findingOf(twTimestamps, {
      status: 'info',
      observed:
        `${counted(refused.value.delta, 'segment')} met TIME_WAIT: ` +
        'a NAT reuses ports within 60 s',
      needed: `under 0.1 % of ${counted(passive.value.delta, 'accepted connection')}`,
      evidence,
    })
  }
  if (value.value === 2) {
    return findingOf(twTimestamps, {
      status: 'info',
      observed: 'timestamps are on without a random offset, which tells the uptime to peers',
      needed: '1',
      evidence,
      settings: [setSysctl(KEY, 1, 'hides the uptime behind a random offset')],
    })
  }
  return findingOf(twTimestamps, {
    status: 'ok',
    observed: 'timestamps are on',
    needed: '1',
    evidence,
  })
}
