/** Whether a process runs on the NUMA node that the network card is attached to. */
import type { Facts } from '../../facts.ts'
import type { InterfaceFacts } from '../../facts-network.ts'
import type { ProcessFacts } from '../../facts-process.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { deviceInterfaces } from '../../judged-interfaces.ts'
import { parseCpuList } from '../../parsers/cpu-set.ts'
import { labelOfProcess, noProcessNamed } from '../../process-label.ts'
import { isAlarm } from '../../status-order.ts'
import { sysctlText } from '../../sysctl-facts.ts'

export const cpuNuma: Check = {
  id: 'cpu/numa',
  title: 'NUMA node of process and network card',
  family: 'cpu',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source:
    'Documentation/networking/scaling.rst, ' +
    'Documentation/admin-guide/mm/numa_memory_policy.rst',
  why:
    'A card writes packets into memory of its own node. A process on another node fetches every ' +
    'packet, socket and acknowledgement across the link between the nodes.',
  explain: `On hosts with several sockets each part of memory, and each card, belongs to a node.
Work stays cheap when interrupts, event loops and memory are on the card's node.

Pin a service with CPUAffinity= and NUMAPolicy=bind NUMAMask= in its unit, or numactl
--cpunodebind=N --membind=N. A node that is too small for the target is worse than a remote one:
then run one process a node, each with its own card or queues.

kernel.numa_balancing moves pages after the process; with pinned processes it only costs.`,
  evaluate: evaluateNuma,
}

function evaluateNuma(facts: Facts): Finding | Finding[] {
  const { numaNodes, cpusByNode } = facts.host
  if (!numaNodes.known) return unknownFinding(cpuNuma, numaNodes)
  if (numaNodes.value.length === 0) {
    const empty = { known: false, reason: 'names no node', source: numaNodes.source } as const
    return unknownFinding(cpuNuma, empty)
  }
  if (numaNodes.value.length === 1) {
    const evidence = [`${numaNodes.source}: one node`]
    return findingOf(cpuNuma, { status: 'ok', observed: 'one node: nothing is remote', evidence })
  }
  if (!cpusByNode.known) return unknownFinding(cpuNuma, cpusByNode)
  const interfaces = deviceInterfaces(facts)
  if (!interfaces.known) return unknownFinding(cpuNuma, interfaces)
  if (facts.processes.length === 0) return unknownFinding(cpuNuma, noProcessNamed)
  return facts.processes.map((process) => judge(facts, process, interfaces.value, cpusByNode.value))
}

function judge(
  facts: Facts,
  process: ProcessFacts,
  interfaces: readonly InterfaceFacts[],
  cpusByNode: Readonly<Record<number, readonly number[]>>,
): Finding {
  const subject = labelOfProcess(process)
  const { status: processStatus } = process
  if (!processStatus.known) return unknownFinding(cpuNuma, processStatus, subject)
  const allowed = parseCpuList(processStatus.value.cpusAllowed)
  if (allowed === null || allowed.length === 0) {
    const { source } = processStatus
    const missing = { known: false, reason: 'has no Cpus_allowed_list', source } as const
    return unknownFinding(cpuNuma, missing, subject)
  }
  const own = nodesOf(allowed, cpusByNode)
  const placed = interfaces.filter(({ numaNode }) => numaNode.known)
  const nodeOf = ({ numaNode }: InterfaceFacts): number => (numaNode.known ? numaNode.value : -1)
  if (placed.length === 0) {
    const source = '/sys/class/net/IF/device/numa_node'
    const missing = { known: false, reason: 'no card says which node it is on', source } as const
    return unknownFinding(cpuNuma, missing, subject)
  }
  const remote = placed.filter((row) => !own.includes(nodeOf(row)))
  const status: Status = remote.length > 0 ? 'warn' : own.length > 1 ? 'info' : 'ok'
  const [far] = remote
  const balancing = sysctlText(facts, 'kernel.numa_balancing')
  return findingOf(cpuNuma, {
    subject,
    status,
    observed:
      far !== undefined
        ? `runs on node ${own.join(',')}, while ${far.name} is on node ${nodeOf(far)}`
        : own.length > 1
          ? `may run on nodes ${own.join(',')}: not bound to that of the card`
          : `on node ${own.join(',')}, as the card is`,
    needed: 'CPUs of the node of the card that carries the traffic',
    evidence: [
      `${processStatus.source}: Cpus_allowed_list ${processStatus.value.cpusAllowed}, ` +
        `Mems_allowed_list ${processStatus.value.memsAllowed}`,
      ...placed.map((row) => `${row.numaNode.source}: ${nodeOf(row)}`),
      ...(balancing.known ? [`${balancing.source}: ${balancing.value}`] : []),
    ],
    ...(isAlarm(status) && far !== undefined ? remedy(process, nodeOf(far), cpusByNode) : {}),
  })
}

function nodesOf(
  cpus: readonly number[],
  cpusByNode: Readonly<Record<number, readonly number[]>>,
): number[] {
  return Object.entries(cpusByNode)
    .filter(([, members]) => members.some((cpu) => cpus.includes(cpu)))
    .map(([node]) => Number(node))
}

function remedy(
  { pid, unit }: ProcessFacts,
  node: number,
  cpusByNode: Readonly<Record<number, readonly number[]>>,
): { fixNow: string; fixForGood: string } {
  const cpus = (cpusByNode[node] ?? []).join(',')
  const name = unit.known ? unit.value.name : 'UNIT'
  return {
    fixNow: `taskset -a -p -c ${cpus} ${pid} (memory it has stays where it is until a restart)`,
    fixForGood:
      `/etc/systemd/system/${name}.d/90-pushctl.conf: CPUAffinity=${cpus}, ` +
      `NUMAPolicy=bind, NUMAMask=${node}`,
  }
}
