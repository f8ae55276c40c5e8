/** A capacity plan for people: the answer first, then what it rests on. */
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
import { tableLines } from '../../report/table.ts'
import type { NodeSettings } from './node-settings.ts'

const SENSITIVITY_ROWS_MAX = 8
const BIT_UNITS: Readonly<Record<string, string>> = { k: 'k', m: 'M', g: 'G' }

export function capacityText(
  plan: CapacityPlan,
  settings: NodeSettings,
  sensitivity: readonly SensitivityRow[],
  evidence: readonly Evidence[],
): string {
  const sections: (readonly string[])[] = [
    headline(plan),
    ['Load', ...indented(tableLines(loadRows(plan)))],
    ['One node after that loss, at the peak', ...indented(tableLines(nodeRows(plan)))],
    ['Limits of a node, of what may be used', ...indented(limitLines(plan))],
    stormSection(plan.storms),
    ['Redis', ...indented(tableLines(redisRows(plan)))],
    settingsSection(settings),
    ['What it hangs on: nodes with half, and with double', ...indented(leverLines(sensitivity))],
    ['Assumptions', ...indented(assumptionLines(plan.assumptions))],
    evidenceSection(plan, evidence),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function headline({ fleet, input, rates }: CapacityPlan): string[] {
  const { nodes, nodesWorking, nodesPerSite, decidedBy } = fleet
  const sites = input.sites > 1 ? `, ${nodesPerSite} in each of ${input.sites} sites` : ''
  const loss = input.survive === 'site' ? 'a site may be lost' : `${input.spareNodes} may be lost`
  return [
    `${formatCount(nodes)} ${nodes === 1 ? 'node' : 'nodes'}${sites}: ` +
      `${formatCount(nodesWorking)} carry ${formatCount(rates.online)} connections, ${loss}; ` +
      `${decidedBy} decides`,
  ]
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

function limitLines({ limits }: CapacityPlan): string[] {
  const rows = limits.map(({ name, connectionsMax, used, usedAfterLoss }) => [
    name,
    connectionsMax === Number.MAX_SAFE_INTEGER ? 'any' : formatCount(connectionsMax),
    formatShare(used),
    formatShare(usedAfterLoss),
  ])
  const head = ['', 'connections', 'used', 'after loss']
  return tableLines([head, ...rows], ['left', 'right', 'right', 'right'])
}

function stormSection(storms: readonly ReconnectStorm[]): string[] {
  if (storms.length === 0) return []
  const rows = storms.map((storm) => [
    storm.lost,
    formatCount(storm.connections),
    formatRate(storm.offeredPerSecond),
    formatRate(storm.offeredPerNode),
    formatRate(storm.takenPerNode),
    storm.seconds === null ? 'never' : formatDurationUs(storm.seconds * 1e6),
  ])
  const head = ['lost', 'connections', 'come at', 'a node', 'a node takes', 'over after']
  const lines = tableLines([head, ...rows], ['left', 'right', 'right', 'right', 'right', 'right'])
  return ['Reconnect storm', ...indented(lines)]
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

function settingsSection({ rows, doctorLine }: NodeSettings): string[] {
  const lines = tableLines(rows.map(({ key, value, why }) => [key, value, why]))
  return ['Settings of a node', ...indented([...lines, `then  ${doctorLine}`])]
}

function leverLines(rows: readonly SensitivityRow[]): string[] {
  if (rows.length === 0) return ['nothing that is halved or doubled by itself changes it']
  const nodes = (count: number | null): string => (count === null ? 'none' : formatCount(count))
  return tableLines(
    rows
      .slice(0, SENSITIVITY_ROWS_MAX)
      .map(({ name, nodesHalved, nodesDoubled }) => [
        name,
        nodes(nodesHalved),
        nodes(nodesDoubled),
      ]),
    ['left', 'right', 'right'],
  )
}

function assumptionLines(assumptions: readonly Assumption[]): string[] {
  return tableLines(
    assumptions.map(({ name, value, unit, meaning, source }) => [
      name,
      valueText(value, unit),
      `${meaning} (${source})`,
    ]),
    ['left', 'right', 'left'],
  )
}

function evidenceSection({ node }: CapacityPlan, evidence: readonly Evidence[]): string[] {
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
  return ['Evidence', ...indented([...lines, verdict])]
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

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
