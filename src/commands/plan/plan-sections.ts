/**
 * A capacity plan as sections for people: the answer first, then what it rests on. Text and page
 * are drawn from the same rows, so neither can say what the other does not.
 */
import type { Assumption, AssumptionUnit } from '../../capacity/assumption-table.ts'
import type { CapacityPlan } from '../../capacity/capacity-plan.ts'
import { type Evidence, proves } from '../../capacity/measured-evidence.ts'
import type { ReconnectStorm } from '../../capacity/reconnect-storm.ts'
import type { SensitivityRow } from '../../capacity/sensitivity.ts'
import {
  formatBytes,
  formatCount,
  formatCountShort,
  formatDurationUs,
  formatRate,
  formatShare,
} from '../../config/quantities.ts'
import type { Alignment } from '../../report/table.ts'
import type { NodeSettings } from './node-settings.ts'

const SENSITIVITY_ROWS_MAX = 8
const BIT_UNITS: Readonly<Record<string, string>> = { k: 'k', m: 'M', g: 'G' }

export interface PlanSection {
  readonly title: string
  readonly head?: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly alignments?: readonly Alignment[]
  /** Sentences below the table. */
  readonly lines?: readonly string[]
}

export function planSections(
  plan: CapacityPlan,
  settings: NodeSettings,
  sensitivity: readonly SensitivityRow[],
  evidence: readonly Evidence[],
): PlanSection[] {
  return [
    { title: 'Load', rows: loadRows(plan) },
    { title: 'One node after that loss, at the peak', rows: nodeRows(plan) },
    limitSection(plan),
    ...stormSection(plan.storms),
    { title: 'Redis', rows: redisRows(plan) },
    settingsSection(settings),
    leverSection(sensitivity),
    assumptionSection(plan.assumptions),
    evidenceSection(plan, evidence),
  ]
}

export function planHeadline({ fleet, input, rates }: CapacityPlan): string {
  const { nodes, nodesWorking, nodesPerSite, decidedBy } = fleet
  const sites = input.sites > 1 ? `, ${nodesPerSite} in each of ${input.sites} sites` : ''
  const loss = input.survive === 'site' ? 'a site may be lost' : `${input.spareNodes} may be lost`
  return (
    `${formatCount(nodes)} ${nodes === 1 ? 'node' : 'nodes'}${sites}: ` +
    `${formatCount(nodesWorking)} carry ${formatCount(rates.online)} connections, ${loss}; ` +
    `${decidedBy} decides`
  )
}

function loadRows({ rates, input }: CapacityPlan): string[][] {
  const broadcasts = rates.broadcastsDeliveriesPerSecond
  return [
    ['online', formatCount(rates.online)],
    ['deliveries at the peak', formatRate(rates.deliveriesPerSecond)],
    ...(broadcasts > 0 ? [['  of broadcasts', formatRate(broadcasts)]] : []),
    ['heartbeats', `${formatRate(rates.heartbeatsPerSecond)}, each ${input.heartbeatSeconds} s`],
    ['connections that come anew', formatRate(rates.connectsPerSecond)],
  ]
}

function nodeRows({ node, fleet }: CapacityPlan): string[][] {
  return [
    [
      'connections',
      `${formatCount(node.connections)} (${formatCount(fleet.connectionsPerNode)} with all nodes)`,
    ],
    [
      'memory',
      `${formatBytes(node.kernelBytes)} in the kernel, ` +
        `${formatBytes(node.processBytes)} in processes`,
    ],
    ['cores', `${cores(node.processCores)} in processes, ${cores(node.softirqCores)} in softirq`],
    ['network out', `${bits(node.bitsOutPerSecond)}, ${packets(node.packetsOutPerSecond)}`],
    ['network in', `${bits(node.bitsInPerSecond)}, ${packets(node.packetsInPerSecond)}`],
    ['deliveries', formatRate(node.deliveriesPerSecond)],
  ]
}

function limitSection({ limits }: CapacityPlan): PlanSection {
  const rows = limits.map(({ name, connectionsMax, used, usedAfterLoss }) => [
    name,
    connectionsMax === Number.MAX_SAFE_INTEGER ? 'any' : formatCount(connectionsMax),
    formatShare(used),
    formatShare(usedAfterLoss),
  ])
  return {
    title: 'Limits of a node, of what may be used',
    head: ['', 'connections', 'used', 'after loss'],
    rows,
    alignments: ['left', 'right', 'right', 'right'],
  }
}

function stormSection(storms: readonly ReconnectStorm[]): PlanSection[] {
  if (storms.length === 0) return []
  const rows = storms.map((storm) => [
    storm.lost,
    formatCount(storm.connections),
    formatRate(storm.offeredPerSecond),
    formatRate(storm.offeredPerNode),
    formatRate(storm.takenPerNode),
    storm.seconds === null ? 'never' : formatDurationUs(storm.seconds * 1e6),
  ])
  return [
    {
      title: 'Reconnect storm',
      head: ['lost', 'connections', 'come at', 'a node', 'a node takes', 'over after'],
      rows,
      alignments: ['left', 'right', 'right', 'right', 'right', 'right'],
    },
  ]
}

function redisRows({ redis, input }: CapacityPlan): string[][] {
  const waiting = input.qos === 0 ? 'none: qos 0 is never stored' : formatBytes(redis.inboxBytes)
  return [
    ['registry', formatBytes(redis.registryBytes)],
    ['pushes that wait', waiting],
    ['commands', formatRate(redis.commandsPerSecond)],
    ['processes', `${redis.shards}, ${redis.decidedBy} decides; a replica of each comes on top`],
  ]
}

function settingsSection({ rows, doctorLine }: NodeSettings): PlanSection {
  return {
    title: 'Settings of a node',
    rows: rows.map(({ key, value, why }) => [key, value, why]),
    lines: [`then  ${doctorLine}`],
  }
}

function leverSection(rows: readonly SensitivityRow[]): PlanSection {
  const nodes = (count: number | null): string => (count === null ? 'none' : formatCount(count))
  return {
    title: 'What it hangs on: nodes with half, and with double',
    rows: rows
      .slice(0, SENSITIVITY_ROWS_MAX)
      .map(({ name, nodesHalved, nodesDoubled }) => [
        name,
        nodes(nodesHalved),
        nodes(nodesDoubled),
      ]),
    alignments: ['left', 'right', 'right'],
    lines: rows.length === 0 ? ['nothing that is halved or doubled by itself changes it'] : [],
  }
}

function assumptionSection(assumptions: readonly Assumption[]): PlanSection {
  return {
    title: 'Assumptions',
    rows: assumptions.map(({ name, value, unit, meaning, source }) => [
      name,
      valueText(value, unit),
      `${meaning} (${source})`,
    ]),
    alignments: ['left', 'right', 'left'],
  }
}

function evidenceSection({ node }: CapacityPlan, evidence: readonly Evidence[]): PlanSection {
  const deliveries = formatRate(node.deliveriesPerSecond)
  const needed = `${formatCount(node.connections)} connections, ${deliveries}`
  const isProven = evidence.some((run) => proves(run, node))
  const lines = evidence.map((run) => {
    const latency =
      run.pushLatencyP99 === null ? '' : `, push p99 ${formatDurationUs(run.pushLatencyP99)}`
    const crossed = run.crossed.length === 0 ? '' : `, crossed ${run.crossed.join(' ')}`
    return (
      `${run.source}: ${run.verdict}, ${formatCount(run.connections)} connections, ` +
      `${formatRate(run.deliveriesPerSecond)}${latency}${crossed}`
    )
  })
  const verdict = isProven
    ? `a run carried what a node must (${needed})`
    : `NOT PROVEN: no run of --from carried what a node must (${needed}); ` +
      `measure it: pushctl bench -c ${node.connections} --out out TARGET`
  return { title: 'Evidence', rows: [], lines: [...lines, verdict] }
}

function valueText(value: number, unit: AssumptionUnit): string {
  switch (unit) {
    case 'bytes':
      return `${formatCount(value)} B`
    case 'bytes-large':
      return formatBytes(value)
    case 'us':
      return formatDurationUs(value)
    case 'share':
      return formatShare(value)
    case 'per-second':
      return formatRate(value)
    case 'count':
      return String(value)
  }
}

function cores(count: number): string {
  return count < 10 ? count.toFixed(2) : count.toFixed(1)
}

function bits(perSecond: number): string {
  const text = formatCountShort(perSecond)
  const unit = /[kmg]$/.exec(text)?.[0] ?? ''
  return `${text.slice(0, text.length - unit.length)} ${BIT_UNITS[unit] ?? ''}bit/s`
}

function packets(perSecond: number): string {
  return `${formatCount(perSecond)} packets/s`
}
