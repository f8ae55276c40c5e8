/**
 * Counters judged by what moved between the two samples. Since-boot totals are context only; but
 * where there is just one sample (a captured root) the total is all there is, and `basis` says so:
 * a loss since boot may be old.
 */
import { type Fact, known, unknown } from './fact.ts'
import type { Facts } from './facts.ts'
import type { Status } from './finding.ts'

export interface CounterMove {
  readonly name: string
  /** Within the window, or since boot when `basis` is "boot". */
  readonly delta: number
  readonly perSecond: number
  readonly total: number
  readonly basis: 'window' | 'boot'
}

/**
 * `name` as "TcpExt.ListenOverflows" or "Tcp.OutSegs". Unknown when this kernel lacks it or it went
 * backwards.
 */
export function counterMove(facts: Facts, name: string): Fact<CounterMove> {
  const group = /^(Tcp|Udp|Ip|Icmp|IcmpMsg|UdpLite)\./.test(name) ? 'snmp' : 'netstat'
  const after = facts.after[group]
  if (!after.known) return after
  const total = after.value[name]
  if (total === undefined) return unknown(`this kernel has no counter ${name}`, after.source)
  if (facts.sampling === 'single') return known(sinceBoot(facts, name, total), after.source)
  const before = facts.before[group]
  if (!before.known) return before
  return moveBetween(facts, name, before.value[name] ?? 0, total, after.source)
}

/**
 * As `counterMove`, for numbers from any other table. Give `bits: 32` where the kernel's counter
 * wraps.
 */
export function moveBetween(
  facts: Facts,
  name: string,
  before: number,
  after: number,
  source: string,
  bits: 32 | 64 = 64,
): Fact<CounterMove> {
  if (facts.sampling === 'single') return known(sinceBoot(facts, name, after), source)
  const wrapped = bits === 32 && after < before
  const delta = wrapped ? after - before + 2 ** 32 : after - before
  if (delta < 0) return unknown(`${name} went backwards, from ${before} to ${after}`, source)
  const perSecond = facts.windowMs > 0 ? (delta * 1_000) / facts.windowMs : 0
  return known({ name, delta, perSecond, total: after, basis: 'window' }, source)
}

/** A sum of counters; those this kernel lacks count as 0, unless it lacks all. */
export function counterSum(facts: Facts, names: readonly string[]): Fact<CounterMove> {
  const moves = names.map((name) => counterMove(facts, name))
  const present = moves.flatMap((move) => (move.known ? [move] : []))
  const [first] = present
  if (first === undefined) return moves[0] ?? unknown('no counter was named', '/proc/net/netstat')
  const value = present
    .map((move) => move.value)
    .reduce((sum, move) => ({
      ...sum,
      delta: sum.delta + move.delta,
      perSecond: sum.perSecond + move.perSecond,
      total: sum.total + move.total,
    }))
  return known({ ...value, name: present.map((move) => move.value.name).join(' + ') }, first.source)
}

/**
 * The status of a counter of losses: `whenMoving` if it moved in the window, info if it only moved
 * before. With one sample nobody can tell when it moved: warn, and never more.
 */
export function lossStatus(move: CounterMove, whenMoving: Status): Status {
  if (move.total === 0) return 'ok'
  if (move.basis === 'boot') return whenMoving === 'critical' ? 'warn' : whenMoving
  return move.delta > 0 ? whenMoving : 'info'
}

/** "TcpExt.ListenOverflows +45 in 5.0 s (9/s), 1,204 since boot". */
export function describeMove(move: CounterMove, facts: Facts): string {
  if (move.basis === 'boot')
    return `${move.name} ${grouped(move.total)} since boot (one sample only)`
  const seconds = (facts.windowMs / 1_000).toFixed(1)
  const rate = move.delta === 0 ? '' : ` (${grouped(round(move.perSecond))}/s)`
  return (
    `${move.name} +${grouped(move.delta)} in ${seconds} s${rate}, ${grouped(move.total)} since ` +
    'boot'
  )
}

/** A count with what it counts: "1 packet", "1,200 packets". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

/** 1234567 → "1,234,567". */
export function grouped(value: number): string {
  const [whole = '', fraction] = String(value).split('.')
  const text = /e/.test(whole) ? whole : whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return fraction === undefined ? text : `${text}.${fraction}`
}

export function percent(share: number): string {
  const value = share * 100
  const isTiny = value !== 0 && Math.abs(value) < 1
  if (isTiny && Math.abs(value) < 0.005) return '< 0.01 %'
  return `${value.toFixed(isTiny ? 2 : value < 10 ? 1 : 0)} %`
}

function sinceBoot(facts: Facts, name: string, total: number): CounterMove {
  const { uptimeSeconds } = facts.after
  const perSecond = uptimeSeconds.known && uptimeSeconds.value > 0 ? total / uptimeSeconds.value : 0
  return { name, delta: total, perSecond, total, basis: 'boot' }
}

function round(value: number): number {
  return value >= 10 ? Math.round(value) : Math.round(value * 10) / 10
}
