/**
 * tcp_tw_reuse: what it really needs (timestamps, an outgoing connection) and when a generator
 * wants it.
 */
import { counterMove, describeMove, grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import {
  type Check,
  type Finding,
  findingOf,
  type Judgement,
  unknownFinding,
} from '../../finding.ts'
import { ephemeralPorts, portCapacity } from '../../port-capacity.ts'
import { setSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { actsAsLoadgen, closesPerSecond, type Target } from '../../target.ts'

const KEY = 'net.ipv4.tcp_tw_reuse'
const TIMESTAMPS_KEY = 'net.ipv4.tcp_timestamps'

export const twReuse: Check = {
  id: 'tw/reuse',
  title: 'Reuse of TIME_WAIT by outgoing connections',
  family: 'tw',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/ipv4/tcp_ipv4.c tcp_twsk_unique',
  why:
    'With tcp_tw_reuse=1 connect() may take over a pair of ports in TIME_WAIT after one ' +
    'second, guarded by timestamps. ' +
    'It concerns connect() only: a server gains nothing from it.',
  explain: `tcp_tw_reuse lets connect() take a 4-tuple that is in TIME_WAIT, if both sides used
timestamps and the entry is at least a second old (tcp_tw_reuse_delay, from 6.14 on). Timestamps
let the kernel drop a stray segment of the old connection, so it is safe for whoever dials:
generators, proxies, services that call services.

0 is off, 1 is on, 2 (the default since 4.19) is on for loopback only. Entries that are really
FIN_WAIT2 are never reused.

Do not expect it to help a server: incoming connections may meet TIME_WAIT anyway. Do not turn
timestamps off beside it, and do not confuse it with tcp_tw_recycle. The counter TWRecycled
counts these reuses, in spite of its name.`,
  evaluate: evaluateReuse,
}

function evaluateReuse(facts: Facts, target: Target): Finding {
  const value = sysctlNumber(facts, KEY)
  if (!value.known) return unknownFinding(twReuse, value)
  const observed = `tcp_tw_reuse is ${value.value}`
  const evidence = [`${value.source}: ${value.value}`]
  const reused = counterMove(facts, 'TcpExt.TWRecycled')
  if (reused.known) evidence.push(`${reused.source}: ${describeMove(reused.value, facts)}`)
  const judge = (judgement: Omit<Judgement, 'evidence'>): Finding =>
    findingOf(twReuse, { evidence, ...judgement })
  if (!actsAsLoadgen(target)) {
    return judge({ status: 'ok', observed, needed: 'nothing: a server does not dial its clients' })
  }
  const timestamps = sysctlNumber(facts, TIMESTAMPS_KEY)
  if (value.value === 1) {
    if (!timestamps.known) return unknownFinding(twReuse, timestamps)
    if (timestamps.value !== 0) return judge({ status: 'ok', observed })
    return judge({
      status: 'warn',
      observed: `${observed}, but tcp_timestamps is 0, so it has no effect`,
      needed: 'tcp_timestamps = 1',
      settings: [setSysctl(TIMESTAMPS_KEY, 1, 'tcp_tw_reuse works only with timestamps')],
    })
  }
  const ports = ephemeralPorts(facts)
  if (!ports.known) return unknownFinding(twReuse, ports)
  const steady = closesPerSecond(target) * 60
  const capacity = portCapacity(ports.value, target)
  const pairs = `${grouped(capacity)} pairs of ports`
  const needed = `1 where closes × 60 s (${grouped(steady)}) pass half of ${pairs}`
  if (steady <= 0.5 * capacity) return judge({ status: 'ok', observed, needed })
  return judge({
    status: 'warn',
    observed: `${observed}: TIME_WAIT will take ${grouped(steady)} of ${grouped(capacity)} pairs`,
    needed,
    settings: [setSysctl(KEY, 1, 'outgoing connections churn faster than TIME_WAIT frees ports')],
  })
}
