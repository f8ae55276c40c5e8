/**
 * Whether the clock is disciplined. Expiry of messages and tokens, and latency between hosts, rest
 * on it.
 */
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'

/** Beyond it a time to live of seconds, or a token's clock skew allowance, is eaten up. */
const OFFSET_SECONDS_MAX = 0.1

export const timeSync: Check = {
  id: 'time/sync',
  title: 'Clock synchronisation',
  family: 'time',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'chronyc(1) tracking, timedatectl(1) NTPSynchronized, adjtimex(2) STA_UNSYNC',
  why:
    'Messages carry times, tokens expire, and latency from one host to another is the ' +
    'difference of two clocks: it is meaningless beyond their offset.',
  explain: `chronyc tracking, or timedatectl show -p NTPSynchronized, tells whether the clock is
held by a server. Without it a machine drifts by a second a day and more; a virtual machine jumps
after each suspend.

Durations on one host are not concerned: they use the monotonic clock. One-way latencies between
hosts are: print the offset beside them, and do not believe differences below it.

Fix: systemctl enable --now chrony (or systemd-timesyncd), and let UDP port 123 out.`,
  evaluate: evaluateSync,
}

function evaluateSync(facts: Facts): Finding {
  const { clockSynchronised, clockOffsetSeconds } = facts.host
  if (!clockSynchronised.known) return unknownFinding(timeSync, clockSynchronised)
  const offset = clockOffsetSeconds.known ? clockOffsetSeconds.value : null
  const isOff = offset !== null && offset > OFFSET_SECONDS_MAX
  const status: Status = !clockSynchronised.value ? 'warn' : isOff ? 'info' : 'ok'
  const text = offset === null ? '' : `, off by ${milliseconds(offset)}`
  return findingOf(timeSync, {
    status,
    observed: `${clockSynchronised.value ? 'synchronised' : 'not synchronised'}${text}`,
    needed: `synchronised, off by less than ${milliseconds(OFFSET_SECONDS_MAX)}`,
    evidence: [
      `${clockSynchronised.source}: ${clockSynchronised.value ? 'yes' : 'no'}`,
      clockOffsetSeconds.known
        ? `${clockOffsetSeconds.source}: ${milliseconds(clockOffsetSeconds.value)}`
        : `${clockOffsetSeconds.source}: offset unknown, ${clockOffsetSeconds.reason}`,
    ],
    ...(status === 'warn'
      ? {
          fixNow: 'systemctl start chrony, or timedatectl set-ntp true',
          fixForGood: 'enable chrony or systemd-timesyncd, and let UDP port 123 out',
        }
      : {}),
  })
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1_000).toFixed(seconds < 0.01 ? 3 : 0)} ms`
}
