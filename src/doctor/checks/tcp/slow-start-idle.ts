/**
 * tcp_slow_start_after_idle: of interest only for pushes larger than the first window, and not with
 * BBR.
 */
import { counted, grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { setSysctl } from '../../setting.ts'
import { sysctlNumber, sysctlText } from '../../sysctl-facts.ts'
import type { Target } from '../../target.ts'

const KEY = 'net.ipv4.tcp_slow_start_after_idle'
const CONTROL_KEY = 'net.ipv4.tcp_congestion_control'
/** Ten segments of 1,448 bytes: TCP_INIT_CWND, with timestamps on an Ethernet path. */
const FIRST_WINDOW_BYTES = 14_480

export const tcpSlowStartIdle: Check = {
  id: 'tcp/slow-start-idle',
  title: 'Slow start after idle',
  family: 'tcp',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'include/net/tcp.h tcp_slow_start_after_idle_check',
  why:
    'After a pause longer than the retransmission timeout a connection starts again from ten ' +
    'segments, about 14 KB. A message that fits into that leaves at once, so most pushes never ' +
    'notice.',
  explain: `With the setting on (the default) the congestion window decays towards its first value
while a connection is idle, because what was known about the path is old. A push of more than 14
KB after a pause then takes one round trip more, one of more than 43 KB two.

Set 0 only where pushes are that large. The price is a burst into a path that may have changed.

It has no effect with BBR or any other algorithm that controls the rate itself: the check returns
early. "Always 0 for long connections" is folklore.`,
  evaluate: evaluateSlowStartIdle,
}

function evaluateSlowStartIdle(facts: Facts, target: Target): Finding {
  const value = sysctlNumber(facts, KEY)
  if (!value.known) return unknownFinding(tcpSlowStartIdle, value)
  const control = sysctlText(facts, CONTROL_KEY)
  const evidence = [`${value.source}: ${value.value}`]
  if (control.known) evidence.push(`${control.source}: ${control.value}`)
  const needed = `1, unless messages pass 10 × 1,448 = ${grouped(FIRST_WINDOW_BYTES)} bytes`
  const ok = (observed: string): Finding =>
    findingOf(tcpSlowStartIdle, { status: 'ok', observed, needed, evidence })
  if (value.value === 0) return ok('off: windows stay as they were before a pause')
  const size = `${counted(target.messageBytes, 'byte')}`
  if (target.messageBytes <= FIRST_WINDOW_BYTES) return ok(`on; messages of ${size} never notice`)
  if (!control.known) return unknownFinding(tcpSlowStartIdle, control)
  if (isRateBased(control.value)) return ok(`on, without effect: ${control.value} sets the rate`)
  return findingOf(tcpSlowStartIdle, {
    status: 'info',
    observed: `on; messages of ${size} take a round trip more after a pause`,
    needed,
    evidence,
    settings: [setSysctl(KEY, 0, 'messages larger than the first window follow a pause')],
  })
}

/** "bbr", and "bbr2", "bbr3" of patched kernels: they bring a cong_control hook. */
function isRateBased(control: string): boolean {
  return /^bbr\d*$/.test(control.trim())
}
