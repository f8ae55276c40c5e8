/** The plan of a run as a table for people. */
import { formatBytes, formatCount, formatDurationMs, formatRate } from '../config/quantities.ts'
import type { RunPlan } from '../loadgen/plan/run-plan.ts'
import { tableLines } from '../report/table.ts'

export function planText(plan: RunPlan): string {
  return tableLines(planRows(plan)).join('\n')
}

function planRows(plan: RunPlan): string[][] {
  const { shards, descriptors, ports, memory, schedule } = plan
  const perShard = `${formatCount(shards.connections[0])} connections each`
  const limit = descriptors.perProcess === null ? 'unlimited' : formatCount(descriptors.perProcess)
  const sources = ports.sources.length === 0 ? "the kernel's choice" : rangeText(ports.sources)
  return [
    ['mode', plan.mode],
    ['connections', formatCount(plan.connections)],
    ...plan.targets.map(({ url, connections }) => [
      'target',
      `${url}, ${formatCount(connections)} connections`,
    ]),
    ['engine', plan.engine],
    ['shards', `${shards.count} × ${shards.kind}, ${perShard} (${shards.reason})`],
    ['descriptors', `${formatCount(descriptors.needed)} of ${limit} in one process`],
    ['sources', sources],
    [
      'ports',
      `${formatCount(ports.neededPerSource)} of ${formatCount(ports.usablePerSource)} ` +
        `(${ports.first}-${ports.last}) per source address and destination`,
    ],
    [
      'memory',
      `${formatBytes(memory.processBytes)} process, ${formatBytes(memory.kernelBytes)} kernel ` +
        `of ${formatBytes(memory.availableBytes)} available`,
    ],
    ['connect', `${formatRate(schedule.connectsPerSecond)}, ${seconds(schedule.connectSeconds)}`],
    ['messages', messagesText(plan)],
    ['warm-up', seconds(schedule.warmupSeconds)],
    ['measured', seconds(schedule.steadySeconds)],
    ['seed', String(plan.seed)],
  ]
}

function messagesText({ mode, schedule }: RunPlan): string {
  if (schedule.messagesPerSecond === 0) return 'none'
  const what = mode === 'broadcast' ? 'broadcasts' : 'messages'
  const rate = formatRate(schedule.messagesPerSecond)
  return `${rate} ${what} of ${formatBytes(schedule.messageBytes)}, ${schedule.arrivals} arrivals`
}

function rangeText(addresses: readonly string[]): string {
  const last = addresses[addresses.length - 1]
  return addresses.length === 1 ? addresses[0] : `${addresses.length}: ${addresses[0]} … ${last}`
}

function seconds(value: number): string {
  return formatDurationMs(Math.round(value * 1000))
}
