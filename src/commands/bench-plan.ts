/**
 * The plan of a run for people: what will happen, then each limit of this host with what is needed
 * and what there is, then what will hurt.
 */
import {
  formatBytes,
  formatCount,
  formatDurationMs,
  formatDurationUs,
  formatRate,
  formatShare,
} from '../config/quantities.ts'
import type { RunPlan } from '../loadgen/plan/run-plan.ts'
import { tableLines } from '../report/table.ts'
import type { CapacityLimit } from '../stats/capacity/capacity-limits.ts'

const TARGETS_SHOWN_MAX = 4

export function planText(plan: RunPlan): string {
  const sections = [
    [plan.headline],
    tableLines(planRows(plan)),
    tableLines(
      [['limit', 'need', 'have', 'used', 'which'], ...plan.limits.map(limitRow)],
      ['left', 'right', 'right', 'right', 'left'],
    ),
    plan.warnings.map((warning) => `warning: ${warning}`),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function planRows(plan: RunPlan): string[][] {
  const { shards, ports, memory, schedule } = plan
  const perShard = `${formatCount(shards.connections[0])} connections each`
  const sources = ports.sources.length === 0 ? "the kernel's choice" : rangeText(ports.sources)
  return [
    ['mode', plan.mode],
    ['connections', formatCount(plan.connections)],
    ...targetRows(plan),
    ['engine', plan.engine],
    ['shards', `${shards.count} × ${shards.kind}, ${perShard} (${shards.reason})`],
    ...(shards.lanes < shards.count ? [['', `${shards.lanes} connect at one time`]] : []),
    ['sources', sources],
    [
      'memory',
      `${formatBytes(memory.processBytes)} in processes, ${formatBytes(memory.kernelBytes)} ` +
        `in the kernel: ${formatCount(memory.kernelBytesPerConnection)} B a connection ` +
        `(${KERNEL_BASIS[memory.kernelBasis]})`,
    ],
    [
      'connect',
      `${formatRate(schedule.connectsPerSecond)}, ` +
        `${formatDurationUs(schedule.connectSeconds * 1e6)} in all`,
    ],
    ...badClientRows(plan),
    ['messages', messagesText(plan)],
    ...broadcastRows(plan),
    ...churnRows(plan),
    ['heartbeat', heartbeatText(plan)],
    ['warm-up', seconds(schedule.warmupSeconds)],
    ['measured', seconds(schedule.steadySeconds)],
    ['seed', String(plan.seed)],
  ]
}

const KERNEL_BASIS: Readonly<Record<RunPlan['memory']['kernelBasis'], string>> = {
  slabinfo: 'from /proc/slabinfo',
  protocols: 'from /proc/net/protocols',
  constants: 'as measured on kernel 6.18',
}

function targetRows({ targets }: RunPlan): string[][] {
  const shown = targets.slice(0, TARGETS_SHOWN_MAX)
  const rows = shown.map(({ url, connections }) => [
    'target',
    `${url}, ${formatCount(connections)} connections`,
  ])
  const more = targets.length - shown.length
  return more === 0 ? rows : [...rows, ['', `and ${more} more`]]
}

function limitRow({ name, unit, need, have, source }: CapacityLimit): string[] {
  const format = unit === 'bytes' ? formatBytes : formatCount
  const used = have === null ? '' : have === 0 ? '∞' : formatShare(need / have)
  return [name, format(need), have === null ? 'unlimited' : format(have), used, source]
}

function messagesText({ mode, schedule }: RunPlan): string {
  if (schedule.messagesPerSecond === 0) return 'none'
  const what = mode === 'broadcast' ? 'broadcasts' : 'messages'
  const size = formatBytes(schedule.messageBytes)
  const rate = formatRate(schedule.messagesPerSecond)
  const { unicastCount } = schedule
  const spread =
    unicastCount === null
      ? `${schedule.arrivals} arrivals`
      : `${formatCount(unicastCount)} over the measured time`
  return `${rate}, ${what} of ${size}, ${spread}`
}

/** What they take is part of the memory and of the limits. */
function badClientRows({ badClientDemand: beside }: RunPlan): string[][] {
  if (beside === undefined) return []
  const { clients, processes, processBytes, kernelBytes, unreadBytes } = beside
  const memory = formatBytes(processBytes + kernelBytes)
  return [
    [
      'bad clients',
      `${formatCount(clients)} in ${processes} process${processes === 1 ? '' : 'es'} of their ` +
        `own: ${memory}, ${formatBytes(unreadBytes)} of it unread at most`,
    ],
  ]
}

/** Those that are counted; broadcasts by a rate are the messages of the plan. */
function broadcastRows({ connections, schedule }: RunPlan): string[][] {
  const { broadcastCount } = schedule
  if (broadcastCount === null) return []
  const deliveries = formatCount(broadcastCount * connections)
  return [
    ['broadcasts', `${formatCount(broadcastCount)} in the measured time, ${deliveries} deliveries`],
  ]
}

function churnRows({ schedule: { churn } }: RunPlan): string[][] {
  if (churn === null) return []
  const rate = formatRate(churn.perSecond)
  return [['churn', `${rate} connections replaced, ${churn.lifetime} lifetimes`]]
}

function heartbeatText({ schedule: { heartbeatSeconds } }: RunPlan): string {
  return heartbeatSeconds === 0 ? 'as the target grants' : `every ${seconds(heartbeatSeconds)}`
}

function rangeText(addresses: readonly string[]): string {
  const last = addresses[addresses.length - 1]
  return addresses.length === 1 ? addresses[0] : `${addresses.length}: ${addresses[0]} … ${last}`
}

function seconds(value: number): string {
  return formatDurationMs(Math.round(value * 1000))
}
