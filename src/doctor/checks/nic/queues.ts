/**
 * Receive queues of each interface: one queue is one interrupt is one CPU for all packets that come
 * in.
 */
import { counted, grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import type { InterfaceFacts } from '../../facts-network.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { deviceInterfaces, interfaceMove, perInterface } from '../../judged-interfaces.ts'
import { packetDemand } from '../../packet-demand.ts'
import type { EthtoolLimits } from '../../parsers/ethtool.ts'
import type { CommandSetting } from '../../setting.ts'
import { softirqBalance } from '../../softirq-balance.ts'
import type { Target } from '../../target.ts'

/**
 * One core handles some 0.25 to 1 million small packets a second; a tenth of the upper end leaves
 * it room for other work.
 */
const PACKETS_PER_QUEUE_MAX = 100_000
/** With fewer CPUs a second queue has nowhere to go. */
const CPUS_MIN = 4

export const nicQueues: Check = {
  id: 'nic/queues',
  title: 'Receive queues of the network card',
  family: 'nic',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'Documentation/networking/scaling.rst (RSS)',
  why:
    'A card with one receive queue raises one interrupt, and one CPU does all IP and TCP input ' +
    'of the host. With several queues the card itself spreads connections over CPUs by a hash ' +
    'of the addresses.',
  explain: `A receive queue has an interrupt of its own, and the CPU that takes the interrupt does
the protocol work of what lies in the queue. The hash of addresses and ports decides the queue, so
one connection stays on one CPU.

Since about 5.18 many drivers start with half the physical cores, before with at most 8: a large
host may use less than its card offers. "ethtool -l IF" shows both, "ethtool -L IF combined N"
changes it and interrupts traffic for a moment.

Packets to expect: 3 for each new connection, 2 for each heartbeat, up to one for each message. One
core handles roughly a quarter of a million to a million small packets a second; Taobao saw 10,000 a
second take 4 % of a core.

Do not configure more queues than physical cores: hyperthreads of one core gain nothing, and each
queue costs memory and interrupts. A virtual machine gets as many queues as its operator gave it
(virtio: queues=N on the host).`,
  evaluate: (facts, target) =>
    perInterface(nicQueues, deviceInterfaces(facts), (row) => judge(facts, target, row)),
}

function judge(facts: Facts, target: Target, row: InterfaceFacts): Finding {
  const { onlineCpus } = facts.host
  if (!onlineCpus.known) return unknownFinding(nicQueues, onlineCpus, row.name)
  const queues = row.receiveQueues.length
  if (queues === 0) {
    const source = `/sys/class/net/${row.name}/queues`
    const missing = { known: false, reason: 'names no receive queue', source } as const
    return unknownFinding(nicQueues, missing, row.name)
  }
  const cpus = onlineCpus.value.length
  const demand = packetDemand(target)
  const measured = packetsNow(facts, row.name)
  const expected = Math.max(demand.packetsPerSecond, measured ?? 0)
  const hardwareMax = row.channels.known ? receiveMax(row.channels.value) : null
  const isNarrow = queues === 1 && cpus >= CPUS_MIN && expected >= PACKETS_PER_QUEUE_MAX
  const usable = Math.min(hardwareMax ?? cpus, cpus)
  const status: Status = isNarrow ? narrowStatus(facts, target) : queues < usable ? 'info' : 'ok'
  const wanted = Math.min(hardwareMax ?? 0, coresOf(facts, cpus))
  const evidence = [
    `/sys/class/net/${row.name}/queues: ${queues} rx, ${row.transmitQueueCount} tx`,
    row.channels.known
      ? `${row.channels.source}: up to ${hardwareMax ?? 'unknown'} receive queues`
      : `${row.channels.source}: unknown, ${row.channels.reason}`,
    `${onlineCpus.source}: ${counted(cpus, 'CPU')}`,
  ]
  if (measured !== null) evidence.push(`receiving ${grouped(Math.round(measured))} packets/s now`)
  return findingOf(nicQueues, {
    subject: row.name,
    status,
    observed: observedText(queues, cpus, hardwareMax),
    needed:
      `1 queue carries up to ${grouped(PACKETS_PER_QUEUE_MAX)} packets/s with room to spare; ` +
      `the target brings ${demand.formula}`,
    evidence,
    settings: status !== 'ok' && wanted > queues ? [combinedSetting(row.name, queues, wanted)] : [],
    ...(isNarrow && wanted <= queues ? { fixNow: NO_QUEUES_NOW, fixForGood: NO_QUEUES_LATER } : {}),
  })
}

const NO_QUEUES_NOW = 'spread the work in software: see nic/rps'
const NO_QUEUES_LATER = 'give the virtual machine more queues, or use a card that has them'

function narrowStatus(facts: Facts, target: Target): Status {
  const balance = softirqBalance(facts, target)
  return balance.known && balance.value.status === 'critical' ? 'critical' : 'warn'
}

function observedText(queues: number, cpus: number, hardwareMax: number | null): string {
  const offered =
    hardwareMax === null ? 'what the card offers is not known' : `the card offers ${hardwareMax}`
  return `${queues} receive queue${queues === 1 ? '' : 's'} for ${counted(cpus, 'CPU')}; ${offered}`
}

/** Combined queues where the driver has them, else receive queues. */
function receiveMax({ max }: EthtoolLimits): number | null {
  const most = Math.max(max.Combined ?? 0, max.RX ?? 0)
  return most > 0 ? most : null
}

function packetsNow(facts: Facts, name: string): number | null {
  const moved = interfaceMove(facts, name, 'rx_packets')
  return moved.known && moved.value.basis === 'window' ? moved.value.perSecond : null
}

function coresOf(facts: Facts, cpus: number): number {
  const { physicalCoreCount } = facts.host.cpuTopology
  return physicalCoreCount.known ? physicalCoreCount.value : cpus
}

function combinedSetting(name: string, now: number, wanted: number): CommandSetting {
  return {
    kind: 'command',
    command: `ethtool -L ${name} combined ${wanted}`,
    undo: `ethtool -L ${name} combined ${now}`,
    reason: 'one receive queue for each physical core, as far as the card has them',
  }
}
