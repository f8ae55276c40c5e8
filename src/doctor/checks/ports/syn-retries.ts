/**
 * SYNs that had to be repeated: the sign, seen from the dialling side, of a queue that overflows or
 * of loss.
 */
import { counterMove, describeMove, grouped, percent } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'

const WARN_SHARE = 0.01
const CRITICAL_SHARE = 0.05
/** Fewer connects than this and one lost packet would be an alarm. */
const OPENS_MIN = 100

export const portsSynRetries: Check = {
  id: 'ports/syn-retries',
  title: 'Repeated SYNs',
  family: 'ports',
  roles: ['loadgen'],
  scope: 'netns',
  source: 'net/ipv4/tcp_timer.c tcp_write_timeout',
  why:
    'A SYN without answer is sent again after one second, so each loss is a step of a second ' +
    'in connect time. ' +
    'The cause is a full listen queue at the server, a full conntrack table, or loss on the way.',
  explain: `Steps of 1 s, then 2 s (or 1 s again, where tcp_syn_linear_timeouts exists) in the
connect times are the fingerprint of accept-queue overflow at the server.

A connect gives up after 127 seconds, 131 with linear timeouts. A generator should have a
connect timeout of its own; do not change tcp_syn_retries for production.`,
  evaluate: evaluateSynRetries,
}

function evaluateSynRetries(facts: Facts): Finding {
  const repeated = counterMove(facts, 'TcpExt.TCPSynRetrans')
  if (!repeated.known) return unknownFinding(portsSynRetries, repeated)
  const opens = counterMove(facts, 'Tcp.ActiveOpens')
  if (!opens.known) return unknownFinding(portsSynRetries, opens)
  const evidence = [
    `${repeated.source}: ${describeMove(repeated.value, facts)}`,
    `${opens.source}: ${describeMove(opens.value, facts)}`,
  ]
  const failed = counterMove(facts, 'Tcp.AttemptFails')
  if (failed.known) evidence.push(`${failed.source}: ${describeMove(failed.value, facts)}`)
  const retries = sysctlNumber(facts, 'net.ipv4.tcp_syn_retries')
  if (retries.known) evidence.push(`${retries.source}: ${retries.value}`)
  const share = repeated.value.delta / Math.max(1, opens.value.delta)
  const status = statusOf(share, repeated.value.delta, opens.value.delta, repeated.value.basis)
  return findingOf(portsSynRetries, {
    status,
    observed:
      `${grouped(repeated.value.delta)} SYNs repeated for ${grouped(opens.value.delta)} ` +
      `connects (${percent(share)})`,
    needed: `under ${percent(WARN_SHARE)}`,
    evidence,
    ...(status === 'warn' || status === 'critical'
      ? {
          fixNow:
            'look at listen/overflow and conntrack/fill on the server, then at loss on the way',
        }
      : {}),
  })
}

function statusOf(
  share: number,
  repeated: number,
  opens: number,
  basis: 'window' | 'boot',
): Status {
  if (repeated + opens < OPENS_MIN) return repeated > 0 ? 'info' : 'ok'
  if (share < WARN_SHARE) return 'ok'
  return share >= CRITICAL_SHARE && basis === 'window' ? 'critical' : 'warn'
}
