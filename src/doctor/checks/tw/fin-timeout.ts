/** tcp_fin_timeout bounds orphaned FIN_WAIT_2 and nothing else, above all not TIME_WAIT. */
import { grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { setSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'

const KEY = 'net.ipv4.tcp_fin_timeout'
const DEFAULT_SECONDS = 60
const TOO_SHORT_SECONDS = 10

export const twFinTimeout: Check = {
  id: 'tw/fin-timeout',
  title: 'Timeout of FIN_WAIT_2',
  family: 'tw',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/ipv4/tcp.c __tcp_close, include/net/tcp.h tcp_fin_time',
  why:
    'tcp_fin_timeout is how long a connection that this side has closed waits for the FIN of ' +
    'the other. ' +
    'It does not shorten TIME_WAIT, which is 60 seconds in every kernel.',
  explain: `After close() a connection whose peer has acknowledged but not closed is in
FIN_WAIT_2, without an owner. This setting ends it. Half of the tuning guides present it as the
length of TIME_WAIT; it never was.

Leave 60. 15 to 30 is reasonable only when FIN_WAIT2 counts a tenth of all connections, because
peers vanish without FIN. Below 10 seconds slow peers lose the end of the conversation; the
kernel waits at least 3.5 times the retransmission timeout. Above 60 the excess is spent in a
full socket of 2.5 KB instead of a small one of 256 bytes.`,
  evaluate: evaluateFinTimeout,
}

function evaluateFinTimeout(facts: Facts): Finding {
  const value = sysctlNumber(facts, KEY)
  if (!value.known) return unknownFinding(twFinTimeout, value)
  const seconds = value.value
  const evidence = [`${value.source}: ${seconds}`]
  const { transientSockets } = facts.after
  if (transientSockets.known) {
    const waiting = transientSockets.value.rows.filter(({ state }) => state === 'FIN-WAIT-2').length
    evidence.push(`${transientSockets.source}: ${grouped(waiting)} in FIN_WAIT_2`)
  }
  return findingOf(twFinTimeout, {
    status: statusOf(seconds),
    observed: `${seconds} s${remark(seconds)}`,
    needed: `${DEFAULT_SECONDS} s unless peers vanish without FIN`,
    evidence,
    settings:
      seconds < TOO_SHORT_SECONDS
        ? [setSysctl(KEY, DEFAULT_SECONDS, 'shorter loses the end of slow conversations')]
        : [],
  })
}

function statusOf(seconds: number): Status {
  if (seconds < TOO_SHORT_SECONDS) return 'warn'
  if (seconds > DEFAULT_SECONDS) return 'info'
  return seconds < DEFAULT_SECONDS ? 'info' : 'ok'
}

function remark(seconds: number): string {
  if (seconds < TOO_SHORT_SECONDS) return ': slow peers lose the end of the conversation'
  if (seconds > DEFAULT_SECONDS) return ': the excess is spent in full sockets'
  return seconds < DEFAULT_SECONDS ? '; it has been lowered, which does not shorten TIME_WAIT' : ''
}
