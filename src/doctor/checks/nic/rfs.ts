/** Receive flow steering needs two settings; one alone does nothing and looks as if it did. */
import { counted, grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import type { InterfaceFacts } from '../../facts-network.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { deviceInterfaces, perInterface } from '../../judged-interfaces.ts'
import { raiseSysctl, type Setting } from '../../setting.ts'
import { isAlarm } from '../../status-order.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { nextPowerOfTwo, type Target } from '../../target.ts'

const KEY = 'net.core.rps_sock_flow_entries'
/** What scaling.rst suggests to begin with, and the kernel's maximum. */
const ENTRIES_MIN = 32_768
const ENTRIES_MAX = 2 ** 29

export const nicRfs: Check = {
  id: 'nic/rfs',
  title: 'Receive flow steering (RFS)',
  family: 'nic',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source:
    'net/core/sysctl_net_core.c rps_sock_flow_sysctl, Documentation/networking/scaling.rst (RFS)',
  why:
    'RFS steers a packet to the CPU whose thread last read that connection, where its data is ' +
    'in the cache. It needs a global table and a table for each receive queue; with one of them ' +
    'at 0 it is off.',
  explain: `Where RPS spreads packets by a hash, RFS asks which CPU last called recvmsg for that
hash. net.core.rps_sock_flow_entries is the global table, queues/rx-N/rps_flow_cnt the part of each
queue; both must be set, and both are rounded up to a power of two.

Entries: flows active within about a second, not connections held: idle ones need none. 32,768 is a
good start; each queue gets entries / queues.

Do not expect anything from RFS where event loops are not pinned and the scheduler moves them about,
or where RPS is off.`,
  evaluate: (facts, target) =>
    perInterface(nicRfs, deviceInterfaces(facts), (row) => judge(facts, target, row)),
}

function judge(facts: Facts, target: Target, row: InterfaceFacts): Finding {
  const entries = sysctlNumber(facts, KEY)
  if (!entries.known) return unknownFinding(nicRfs, entries, row.name)
  const [firstQueue] = row.receiveQueues
  if (firstQueue === undefined) {
    const source = `/sys/class/net/${row.name}/queues`
    const missing = { known: false, reason: 'names no receive queue', source } as const
    return unknownFinding(nicRfs, missing, row.name)
  }
  let flows = 0
  let steers = false
  for (const { rpsFlowCount, rpsCpus } of row.receiveQueues) {
    if (!rpsFlowCount.known) return unknownFinding(nicRfs, rpsFlowCount, row.name)
    if (!rpsCpus.known) return unknownFinding(nicRfs, rpsCpus, row.name)
    flows += rpsFlowCount.value
    steers ||= rpsCpus.value.length > 0
  }
  const status = statusOf(entries.value, flows, steers)
  const wanted = entriesWanted(target)
  return findingOf(nicRfs, {
    subject: row.name,
    status,
    observed: observedText(entries.value, flows, steers),
    needed: steers || status === 'warn' ? wanted.formula : 'nothing while RPS is off',
    evidence: [
      `${entries.source}: ${grouped(entries.value)}`,
      `${firstQueue.rpsFlowCount.source}: ${grouped(flows)} over ${row.receiveQueues.length} ` +
        `queue(s)`,
    ],
    settings: isAlarm(status) ? bothTables(row, entries.value, flows, wanted.entries) : [],
  })
}

function statusOf(entries: number, flows: number, steers: boolean): Status {
  if (entries > 0 !== flows > 0) return 'warn'
  return steers && entries === 0 ? 'info' : 'ok'
}

function observedText(entries: number, flows: number, steers: boolean): string {
  if (entries > 0 && flows > 0) return 'on'
  if (entries > 0) return 'has no effect: the global table is set, the queues of the card have none'
  if (flows > 0) return 'has no effect: the queues are set, the global table is 0'
  return steers ? 'off, while RPS is on' : 'off'
}

function entriesWanted(target: Target): { entries: number; formula: string } {
  const { connections, connectsPerSecond, messagesPerSecond } = target
  const active = Math.min(connections, messagesPerSecond + connectsPerSecond)
  const entries = Math.min(ENTRIES_MAX, Math.max(ENTRIES_MIN, nextPowerOfTwo(active)))
  return {
    entries,
    formula:
      `${counted(entries, 'entry', 'entries')}: flows active in a second, ` +
      `min(${grouped(connections)}, ${grouped(messagesPerSecond)} + ` +
      `${grouped(connectsPerSecond)}), ` +
      `at least ${grouped(ENTRIES_MIN)}, as a power of two`,
  }
}

/** The half that is set stays when it is the larger one. */
function bothTables(
  row: InterfaceFacts,
  entriesNow: number,
  flowsNow: number,
  wanted: number,
): Setting[] {
  const entries = Math.max(wanted, entriesNow)
  const global = raiseSysctl(KEY, entries, 'RFS needs the global table and that of each queue')
  if (flowsNow > 0) return [global]
  const share = 2 ** Math.floor(Math.log2(entries / row.receiveQueues.length))
  const queues = row.receiveQueues.map(
    ({ name }): Setting => ({
      kind: 'sysfs',
      path: `/sys/class/net/${row.name}/queues/${name}/rps_flow_cnt`,
      value: String(share),
      reason: 'the share of this queue',
    }),
  )
  return entriesNow > 0 ? queues : [global, ...queues]
}
