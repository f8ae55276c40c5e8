/**
 * How often the kernel stopped taking packets off the card because its turn was over. Harmless in
 * small numbers.
 */
import { grouped, percent } from '../../counter-moves.ts'
import { cpuShares } from '../../cpu-shares.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { raiseSysctl, type Setting } from '../../setting.ts'
import { type CpuMove, softnetMoves } from '../../softnet-moves.ts'
import { hasSysctl, sysctlNumber } from '../../sysctl-facts.ts'

const KEYS = { packets: 'net.core.netdev_budget', timeUs: 'net.core.netdev_budget_usecs' } as const
const BUDGET_PACKETS = 600
const BUDGET_US = 4_000
const INFO_PER_SECOND = 10
const WARN_PER_SECOND = 100
/** Below it the CPU is full, and a larger budget would only take time from the programs. */
const IDLE_SHARE_MIN = 0.1

export const nicBudget: Check = {
  id: 'nic/budget',
  title: 'Receive polls cut short (time_squeeze)',
  family: 'nic',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'net/core/dev.c net_rx_action',
  why:
    'A poll of the cards ends after netdev_budget packets or netdev_budget_usecs, with work ' +
    'left over that waits for the next turn. Some of it is normal; hundreds a second on a CPU ' +
    'with time to spare mean that packets wait for nothing.',
  explain: `net_rx_action polls all cards of a CPU and stops after netdev_budget packets (300) or
netdev_budget_usecs (2,000 or two timer ticks, by version). What is left waits for the next softirq
or for ksoftirqd. The third column of /proc/net/softnet_stat counts these ends.

If the CPU has idle time: netdev_budget=600 and netdev_budget_usecs=4000. If it has none, a larger
budget takes the time from the event loop: spread the work instead (cpu/softirq-balance).

Do not set tens of thousands: one poll then keeps programs off the CPU for tens of milliseconds.`,
  evaluate: evaluateBudget,
}

function evaluateBudget(facts: Facts): Finding {
  const squeezes = softnetMoves(facts, 'timeSqueeze')
  if (!squeezes.known) return unknownFinding(nicBudget, squeezes)
  const worst = squeezes.value.reduce((most, row) =>
    row.move.perSecond > most.move.perSecond ? row : most,
  )
  const shares = cpuShares(facts)
  const isHigh = worst.move.basis === 'window' && worst.move.perSecond >= WARN_PER_SECOND
  if (isHigh && !shares.known) return unknownFinding(nicBudget, shares)
  const idle = shares.known
    ? (shares.value.rows.find(({ cpu }) => cpu === worst.cpu)?.idle ?? 0)
    : 0
  const status = statusOf(worst, idle)
  const evidence = [squeezeText(squeezes.source, worst)]
  for (const key of Object.values(KEYS)) {
    const value = sysctlNumber(facts, key)
    evidence.push(
      value.known
        ? `${value.source}: ${grouped(value.value)}`
        : `${value.source}: unknown, ${value.reason}`,
    )
  }
  const isFull = isHigh && status === 'info'
  return findingOf(nicBudget, {
    status,
    observed: observedText(worst, idle, isFull),
    needed:
      `under ${INFO_PER_SECOND}/s on each CPU; ${WARN_PER_SECOND}/s with idle time is too ` +
      `many`,
    evidence,
    settings: status === 'warn' ? largerBudget(facts) : [],
    ...(isFull ? { fixNow: 'spread the work over CPUs: see cpu/softirq-balance' } : {}),
  })
}

function statusOf({ move }: CpuMove, idle: number): Status {
  if (move.basis === 'window' && move.perSecond >= WARN_PER_SECOND && idle > IDLE_SHARE_MIN) {
    return 'warn'
  }
  return move.perSecond >= INFO_PER_SECOND ? 'info' : 'ok'
}

function squeezeText(source: string, { cpu, move }: CpuMove): string {
  return (
    `${source}: time_squeeze of CPU ${cpu} +${grouped(move.delta)}, ${grouped(move.total)} ` +
    `since boot`
  )
}

function observedText({ cpu, move }: CpuMove, idle: number, isFull: boolean): string {
  const rate = `${grouped(Math.round(move.perSecond * 10) / 10)}/s on CPU ${cpu}`
  if (move.basis === 'boot') return `${rate}, averaged since boot`
  if (isFull) return `${rate}, which has no time to spare: the budget is not the cause`
  return move.perSecond >= INFO_PER_SECOND ? `${rate}, ${percent(idle)} idle` : rate
}

function largerBudget(facts: Facts): Setting[] {
  const reason = 'the CPU has idle time while packets wait for their next turn'
  return [
    ...(hasSysctl(facts, KEYS.packets) ? [raiseSysctl(KEYS.packets, BUDGET_PACKETS, reason)] : []),
    ...(hasSysctl(facts, KEYS.timeUs) ? [raiseSysctl(KEYS.timeUs, BUDGET_US, reason)] : []),
  ]
}
