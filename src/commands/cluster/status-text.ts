/** One look at the cluster, as a table for people and as the document of --json. */
import type { NodeRecord } from '../../cluster/node-record.ts'
import { formatCount, formatCountShort, formatRate } from '../../config/quantities.ts'
import { plainText, tableLines } from '../../report/table.ts'
import { type NodeSum, totalsOf } from './cluster-totals.ts'

const HEAD = ['NODE', 'SITE', 'STATE', 'DEVICES', 'FULL', 'LOAD', 'MSG/s', 'VERSION', 'UP', 'DRAIN']
const ALIGNMENTS = [
  ...(['left', 'left', 'left', 'right', 'right', 'right', 'right', 'left', 'right'] as const),
]

export function statusText(nodes: readonly NodeRecord[], nowMs: number): string {
  if (nodes.length === 0) return 'no node holds a lease'
  const { total, sites, versions, skew } = totalsOf(nodes)
  const rows = [
    HEAD,
    ...nodes.map((node) => nodeRow(node, nowMs)),
    ...(sites.length > 1 ? sites.map((site) => sumRow('site', site.site, site)) : []),
    ...(nodes.length > 1 ? [sumRow('total', '', total)] : []),
  ]
  const lines = tableLines(rows, ALIGNMENTS)
  const kinds = Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1))
  if (kinds.length > 1) {
    const told = kinds.map(([version, count]) => `${plainText(version)} on ${count}`)
    lines.push(`versions: ${told.join(', ')}`)
  }
  if (total.ready > 1) lines.push(`fullest node: ${percent(skew)} above its fair share`)
  return lines.join('\n')
}

export function statusDocument(nodes: readonly NodeRecord[], nowMs: number): object {
  return {
    schema: 'pushctl.cluster/1',
    time: new Date(nowMs).toISOString(),
    nodes,
    ...totalsOf(nodes),
  }
}

function nodeRow(node: NodeRecord, nowMs: number): string[] {
  const { drain } = node
  const rate = drain?.perSecond === 0 ? 'at once' : formatRate(drain?.perSecond ?? 0)
  return [
    plainText(node.name),
    plainText(node.site),
    node.state,
    formatCount(node.devicesOnline),
    percent(node.devicesMax === 0 ? 0 : node.devicesOnline / node.devicesMax),
    percent(node.load),
    formatCountShort(node.sentPerSecond),
    plainText(node.version),
    ageText(nowMs - node.startedAtMs),
    drain === null ? '' : `${formatCount(drain.devicesLeft)} left, ${rate}`,
  ]
}

function sumRow(kind: string, site: string, sum: NodeSum): string[] {
  const full = sum.devicesMax === 0 ? 0 : sum.devicesOnline / sum.devicesMax
  return [
    kind,
    plainText(site),
    `${sum.ready}/${sum.nodes} ready`,
    formatCount(sum.devicesOnline),
    percent(full),
    '',
    formatCountShort(sum.sentPerSecond),
  ]
}

export function percent(share: number): string {
  return `${Math.round(share * 100)}%`
}

/** The two largest units: 3d 4h, 5h 2m, 12m 3s, 8s. */
function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([value]) => value > 0)
  const shown = first < 0 ? parts.slice(3) : parts.slice(first, first + 2)
  return shown.map(([value, unit]) => `${value}${unit}`).join(' ')
}
