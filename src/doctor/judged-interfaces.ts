/**
 * Which interfaces carry the target's traffic: those with a device behind them that are up. In a
 * container there is none to see, and the host's cannot be judged from there; that is unknown, not
 * ok.
 */
import { type CounterMove, moveBetween } from './counter-moves.ts'
import { type Fact, known, pickFact, unknown } from './fact.ts'
import type { Facts } from './facts.ts'
import type { InterfaceFacts } from './facts-network.ts'
import { type CheckIdentity, type Finding, findingOf, unknownFinding } from './finding.ts'

export function deviceInterfaces(facts: Facts): Fact<readonly InterfaceFacts[]> {
  const { interfaces } = facts.network
  if (!interfaces.known) return interfaces
  const judged = interfaces.value.filter(({ kind, up }) => kind === 'physical' && up)
  if (judged.length > 0) return known(judged, interfaces.source)
  if (!interfaces.value.some(({ up }) => up)) return nothingUp
  const { network } = facts.host.namespaces
  if (!network.known) return network
  return network.value === 'host'
    ? known([], interfaces.source)
    : unknown("the host's interfaces cannot be seen in this network namespace", interfaces.source)
}

/** Loopback is up wherever flags can be read. */
const nothingUp = unknown('shows no interface that is up, not even lo', '/sys/class/net/*/flags')

/** A node with pods has hundreds of virtual interfaces; the first ones stand for all. */
const VIRTUAL_MAX = 8

/** As above, but in a container the virtual ends that it has, for counters that belong to them. */
export function countedInterfaces(facts: Facts): Fact<readonly InterfaceFacts[]> {
  const { interfaces } = facts.network
  if (!interfaces.known) return interfaces
  if (!interfaces.value.some((row) => row.up)) return nothingUp
  const up = interfaces.value.filter((row) => row.up && row.kind !== 'loopback')
  const devices = up.filter(({ kind }) => kind === 'physical')
  return known(devices.length > 0 ? devices : up.slice(0, VIRTUAL_MAX), interfaces.source)
}

/** One finding an interface; one for all where there is none. */
export function perInterface(
  check: CheckIdentity,
  judged: Fact<readonly InterfaceFacts[]>,
  evaluate: (row: InterfaceFacts) => Finding,
): readonly Finding[] {
  if (!judged.known) return [unknownFinding(check, judged)]
  if (judged.value.length > 0) return judged.value.map(evaluate)
  return [
    findingOf(check, {
      status: 'ok',
      observed: 'no interface with a device behind it is up',
      evidence: [`${judged.source}: no such interface`],
    }),
  ]
}

/** One of /sys/class/net/IF/statistics. */
export function interfaceMove(facts: Facts, name: string, counter: string): Fact<CounterMove> {
  const table = facts.after.interfaces[name]?.statistics
  const source = `/sys/class/net/${name}/statistics`
  if (table === undefined) return unknown('was not read', source)
  return tableMove(facts, table, facts.before.interfaces[name]?.statistics, counter)
}

/** One counter of a driver, from ethtool -S. */
export function driverMove(facts: Facts, name: string, counter: string): Fact<CounterMove> {
  const table = facts.after.interfaces[name]?.driverStatistics
  if (table === undefined) return unknown('was not read', `ethtool -S ${name}`)
  return tableMove(facts, table, facts.before.interfaces[name]?.driverStatistics, counter)
}

type Table = Fact<Readonly<Record<string, number>>>

function tableMove(
  facts: Facts,
  after: Table,
  before: Table | undefined,
  counter: string,
): Fact<CounterMove> {
  const total = pickFact(after, (table) => table[counter], `has no counter ${counter}`)
  if (!total.known) return total
  const earlier = before?.known ? before.value[counter] : undefined
  if (earlier === undefined) return unknown('the first sample lacks it', total.source)
  return moveBetween(facts, counter, earlier, total.value, total.source)
}
