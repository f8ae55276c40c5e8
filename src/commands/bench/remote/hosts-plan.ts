/**
 * `bench --on … --plan`: what each host would do, as its own planner says on that very host, and
 * what that is together. Nothing is started. A host that cannot hold its share is an error with its
 * name; one that does not answer takes no share, as in a run.
 */
import {
  formatBytes,
  formatCount,
  formatDurationUs,
  formatRate,
  formatShare,
} from '../../../config/quantities.ts'
import { ConfigFaults } from '../../../errors/pushctl-error.ts'
import type { HostGroup } from '../../../loadgen/remote/host-group.ts'
import type { RunPlan } from '../../../loadgen/plan/run-plan.ts'
import { tableLines } from '../../../report/table.ts'
import { planText } from '../../bench-plan.ts'
import { type HostsOrder, orderHosts } from './host-orders.ts'
import { FOREVER_MS } from './hosts-drive.ts'
import { errorOf, failWhereNobodyIs, greetHosts, openHosts } from './open-hosts.ts'
import { planFromText } from './plan-schema.ts'

export interface HostPlan {
  readonly host: string
  /** Why it takes no part; null: it has a plan. */
  readonly failure: string | null
  readonly plan: RunPlan | null
}

/** JSON of `pushctl bench --on … --plan`. */
export interface HostsPlan {
  readonly schema: 'pushctl.bench-hosts-plan/1'
  readonly headline: string
  readonly connections: number
  readonly connects_per_second: number
  readonly messages_per_second: number
  readonly process_bytes: number
  readonly kernel_bytes: number
  readonly hosts: readonly HostPlan[]
}

/** @throws PushctlError of the hosts that cannot hold their share */
export async function planOnHosts(ordered: HostsOrder, signal: AbortSignal): Promise<HostsPlan> {
  const group = openHosts(ordered.options)
  try {
    await greetHosts(group, signal)
    const parts = orderHosts(group, ordered, {
      course: null,
      isPlanOnly: true,
      isRecorded: false,
    })
    const isOver = (): boolean =>
      parts.every(({ planned, lost }) => planned !== null || lost !== null)
    while (!isOver() && !signal.aborted) await group.waitUntil(isOver, FOREVER_MS, signal)
    signal.throwIfAborted()
    failWhereOneCannot(group)
    failWhereNobodyIs(group)
    return hostsPlanOf(ordered, plansOf(group))
  } finally {
    await group.close()
  }
}

function failWhereOneCannot({ states }: HostGroup): void {
  const faults = states.flatMap(({ name, failed }) => {
    const fault = failed === null ? null : errorOf(failed, name)
    return fault === null ? [] : [fault]
  })
  if (faults.length === 1) throw faults[0]
  if (faults.length > 1) throw new ConfigFaults(faults)
}

function plansOf({ states }: HostGroup): HostPlan[] {
  return states.map(({ name, lost, planned }) => {
    const plan = planned === null ? null : planFromText(planned.plan)
    return { host: name, failure: lost ?? (plan === null ? 'it told no plan' : null), plan }
  })
}

export function hostsPlanOf(
  { settings }: Pick<HostsOrder, 'settings'>,
  hosts: readonly HostPlan[],
): HostsPlan {
  const plans = hosts.flatMap(({ plan }) => plan ?? [])
  const sum = (read: (plan: RunPlan) => number): number =>
    plans.reduce((total, plan) => total + read(plan), 0)
  const { connectsPerSecond, messagesPerSecond, mode } = settings
  const connections = sum((plan) => plan.connections)
  const what = `${formatCount(connections)} connections at ${formatRate(connectsPerSecond)}`
  return {
    schema: 'pushctl.bench-hosts-plan/1',
    headline: `${what} from ${plans.length} hosts, ${mode} at ${formatRate(messagesPerSecond)}`,
    connections,
    connects_per_second: connectsPerSecond,
    messages_per_second: messagesPerSecond,
    process_bytes: sum(({ memory }) => memory.processBytes),
    kernel_bytes: sum(({ memory }) => memory.kernelBytes),
    hosts,
  }
}

export function hostsPlanText(plan: HostsPlan): string {
  const away = plan.hosts.filter(({ failure }) => failure !== null)
  const sections = [
    [plan.headline],
    tableLines(
      [
        ['host', 'connections', 'connect', 'shards', 'memory', 'tightest limit'],
        ...plan.hosts.flatMap(({ host, plan: own }) => (own === null ? [] : [hostRow(host, own)])),
        sumRow(plan),
      ],
      ['left', 'right', 'right', 'right', 'right', 'left'],
    ),
    away.map(({ host, failure }) => `${host}: would take no part: ${failure}`),
    ...plan.hosts.flatMap(({ host, plan: own }) => {
      return own === null ? [] : [[`── ${host}`, '', planText(own)]]
    }),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function hostRow(host: string, { connections, schedule, shards, memory, limits }: RunPlan) {
  const used = limits.flatMap(({ name, need, have }) =>
    have === null || have === 0 ? [] : [{ name, share: need / have }],
  )
  const tightest = used.toSorted((a, b) => b.share - a.share)[0]
  return [
    host,
    formatCount(connections),
    formatDurationUs(schedule.connectSeconds * 1e6),
    `${shards.count} × ${shards.kind}`,
    formatBytes(memory.processBytes + memory.kernelBytes),
    tightest === undefined ? '' : `${formatShare(tightest.share)} of ${tightest.name}`,
  ]
}

function sumRow(plan: HostsPlan): string[] {
  const { connections, process_bytes, kernel_bytes } = plan
  return ['together', formatCount(connections), '', '', formatBytes(process_bytes + kernel_bytes)]
}
