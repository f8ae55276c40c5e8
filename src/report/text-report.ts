/**
 * The run report for people, one screen from the verdict down to the environment. Each section is a
 * function from the report to lines, and a section with nothing to say is left out. The text holds
 * the same facts as report.json; what is not known is printed as unknown. Whatever a peer sent or a
 * user typed is made plain first: a target must not be able to move the cursor.
 */
import pc from 'picocolors'
import { formatBytes, formatCount, formatRate } from '../config/quantities.ts'
import type { RunReport, Verdict } from '../stats/run-report.ts'
import { badClientLines } from './bad-client-lines.ts'
import { latencyLines, pauseLines } from './latency-tables.ts'
import { clusterLines } from './cluster-lines.ts'
import { generatorLines } from './generator-lines.ts'
import { hostFindingsLines } from './host-findings-lines.ts'
import { INDENT, type ReportStyle } from './report-style.ts'
import {
  bytesText,
  deltaText,
  gaugeText,
  millisecondsText,
  observedText,
  percentText,
  shareText,
} from './report-values.ts'
import { spikeLines } from './spike-lines.ts'
import { searchLines, stageLines, steeringLines } from './stage-lines.ts'
import { clipText, plainText, tableLines, wrapItems } from './table.ts'
import { estimateText, targetItems } from './target-lines.ts'

export interface TextReportOptions {
  /** Terminal columns; 100 into a pipe reads well. Under 60 lines may be longer than it. */
  readonly width: number
  readonly color: boolean
}

type Section = readonly [title: string, lines: readonly string[]]

const LABEL_CELLS = 14
const SAMPLE_CELLS_MIN = 20
const TARGETS_SHOWN_MAX = 4

/** Ends with a line feed. */
export function textReport(report: RunReport, { width, color }: TextReportOptions): string {
  const style: ReportStyle = { width, colors: pc.createColors(color) }
  const sections: Section[] = [
    ['Latency', latencyLines(report, style)],
    ['Pauses', pauseLines(report)],
    ['Spikes', spikeLines(report)],
    ['Cluster', clusterLines(report)],
    ['Stages', stageLines(report, style)],
    ['Found', searchLines(report)],
    ['Steered', steeringLines(report)],
    ['Thresholds', thresholdLines(report, style)],
    ['Failures', failureLines(report, style)],
    ['Bad clients', badClientLines(report)],
    ['Driven from', generatorLines(report, style)],
    ['Doctor', hostFindingsLines(report, style)],
  ]
  const lines = [...verdictLines(report, style), '', ...summaryLines(report, style)]
  for (const [title, body] of sections) {
    if (body.length === 0) continue
    lines.push('', style.colors.bold(title), ...body.map((line) => INDENT + line))
  }
  lines.push('', ...hostLines(report, style))
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

const VERDICT_COLORS = {
  VALID: 'green',
  SUSPECT: 'yellow',
  INVALID: 'red',
} as const satisfies Record<Verdict, string>

function verdictLines(report: RunReport, { colors, width }: ReportStyle): string[] {
  const { verdict, interrupted, partial = false, duration_ms } = report
  const measured = millisecondsText(duration_ms)
  if (interrupted && duration_ms === 0 && !partial) {
    return [colors.bold('interrupted before anything was measured')]
  }
  const word = colors.bold(colors[VERDICT_COLORS[verdict.value]](verdict.value))
  const lines = [
    interrupted
      ? `${word}  ${partial ? 'partial' : 'interrupted'}: what was measured in ${measured}`
      : word,
  ]
  for (const reason of verdict.reasons) {
    const [first = '', ...rest] = wrapItems(plainText(reason).split(' '), width - 4, ' ')
    lines.push(`${INDENT}- ${first}`, ...rest.map((line) => `${INDENT}  ${line}`))
  }
  return lines
}

function summaryLines(report: RunReport, style: ReportStyle): string[] {
  const { connections, messages } = report
  return [
    ...labelled('Run', runItems(report), style),
    ...labelled('Plan', planItems(report), style),
    ...labelled(
      'Connections',
      [
        `${formatCount(connections.requested)} requested`,
        `${formatCount(connections.attempted)} attempted`,
        `${formatCount(connections.established)} established`,
        shareText(connections.failed, connections.attempted, 'failed'),
        `${formatCount(connections.alive_at_end)} alive at end`,
        formatRate(connections.connects_per_second),
      ],
      style,
    ),
    ...labelled('', replacedItems(report), style),
    ...labelled(
      'Messages',
      [
        `${formatCount(messages.planned)} planned`,
        `${formatCount(messages.sent)} sent`,
        shareText(messages.late, messages.sent, 'late'),
        shareText(messages.unsent, messages.planned, 'unsent'),
        formatRate(messages.sent_per_second),
      ],
      style,
    ),
    ...labelled(
      '',
      [
        `${formatCount(messages.expected)} expected`,
        `${formatCount(messages.received)} received`,
        shareText(messages.lost, messages.expected, 'lost'),
        shareText(messages.duplicated, messages.received, 'duplicated'),
        shareText(messages.reordered, messages.received, 'reordered'),
        formatRate(messages.received_per_second),
      ],
      style,
    ),
  ]
}

/** Mode churn; empty in others. */
function replacedItems({ connections: { replaced } }: RunReport): string[] {
  if (replaced === undefined) return []
  const { planned, done, late, away, undone } = replaced
  return [
    `${formatCount(done)} of ${formatCount(planned)} replaced`,
    shareText(late, done, 'late'),
    shareText(away, planned, 'away'),
    shareText(undone, planned, 'not done'),
  ]
}

function runItems(report: RunReport): string[] {
  return [
    plainText(report.mode),
    ...shownTargets(report.targets),
    `engine ${plainText(report.engine)}`,
    millisecondsText(report.duration_ms),
    plainText(report.started_at),
  ]
}

/** The planner's own headline where it gives one; otherwise each plain value of the plan. */
function planItems({ plan }: RunReport): string[] {
  if (typeof plan['headline'] === 'string') return plainText(plan['headline']).split(', ')
  return plainPairs(plan)
}

function thresholdLines({ thresholds }: RunReport, { colors, width }: ReportStyle): string[] {
  const rows = thresholds.map((threshold) => [
    threshold.held ? colors.green('✓') : colors.red('✗'),
    clipText(plainText(threshold.expression), Math.floor(width / 2)),
    observedText(threshold),
  ])
  return tableLines(rows)
}

function failureLines({ connections }: RunReport, { colors, width }: ReportStyle): string[] {
  if (connections.failures.length === 0) return []
  const head = ['phase', 'cause', 'count', 'first', 'sample'].map((title) => colors.dim(title))
  const rows = connections.failures.map(({ phase, cause, count, first_ms }) => [
    plainText(phase),
    plainText(cause),
    formatCount(count),
    `after ${millisecondsText(first_ms)}`,
  ])
  const lines = tableLines([head.slice(0, 4), ...rows], ['left', 'left', 'right', 'left'])
  const room = width - INDENT.length - Math.max(...rows.map((row) => row.join('  ').length)) - 8
  const samples = connections.failures.map(({ sample }) =>
    clipText(plainText(sample), Math.max(SAMPLE_CELLS_MIN, room)),
  )
  return tableLines(lines.map((line, index) => [line, index === 0 ? head[4] : samples[index - 1]]))
}

function hostLines(report: RunReport, style: ReportStyle): string[] {
  const { delta, after } = report.host
  const { memory } = report
  return [
    ...labelled(
      'Host',
      [
        `CPU ${percentText(delta.cpu_percent)}`,
        `TIME_WAIT ${gaugeText(after.time_wait, delta.time_wait)}`,
        `retransmits ${deltaText(delta.retransmits)}`,
        `listen overflows ${deltaText(delta.listen_overflows)}`,
        `softnet drops ${deltaText(delta.softnet_drops)}`,
        ...otherCounters(report),
      ],
      style,
    ),
    ...labelled(
      'Memory',
      [
        `per connection: generator ${bytesText(memory.generator_bytes_per_connection)}`,
        `target ${bytesText(memory.target_bytes_per_connection)}`,
        ...growthItems(report),
      ],
      style,
    ),
    ...targetLines(report, style),
    ...labelled('Environment', plainPairs(report.environment), style),
  ]
}

function growthItems({ memory }: RunReport): string[] {
  const sides = [
    ['generator', memory.generator_bytes_per_hour],
    ['target', memory.target_bytes_per_hour],
  ] as const
  return sides.flatMap(([side, growth]) =>
    growth === undefined ? [] : [`growth per hour: ${side} ${estimateText(growth, formatBytes)}`],
  )
}

function targetLines({ target }: RunReport, style: ReportStyle): string[] {
  return (target?.sources ?? []).flatMap((source) => [
    ...labelled(
      'Target',
      [
        plainText(source.name),
        ...(source.runtime === null ? [] : [plainText(source.runtime)]),
        ...targetItems(source).map(({ name, text }) => plainText(`${name} ${text}`)),
      ],
      style,
    ),
  ])
}

const HOST_COUNTERS_SHOWN = new Set([
  'cpu_percent',
  'time_wait',
  'retransmits',
  'listen_overflows',
  'softnet_drops',
])
/** Gauges and volumes: they move in every run and mean no trouble by themselves. */
const HOST_COUNTERS_CALM = new Set([
  'segments_sent',
  'segments_received',
  'softnet_packets',
  'sockets_in_use',
  'tcp_memory_pages',
])

/** The rest only where it moved: one screen has no room for twelve zeros. */
function otherCounters({ host }: RunReport): string[] {
  return Object.entries(host.delta)
    .filter(([name]) => !HOST_COUNTERS_SHOWN.has(name) && !HOST_COUNTERS_CALM.has(name))
    .filter(([, value]) => value !== null && value > 0)
    .map(([name, value]) => {
      const words = plainText(name).replaceAll('_', ' ')
      return name.endsWith('_percent')
        ? `${words.replace(/^cpu (.*) percent$/, '$1')} ${percentText(value)}`
        : `${words} ${deltaText(value)}`
    })
}

function plainPairs(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values)
    .filter(([, value]) => value === null || typeof value !== 'object')
    .map(([name, value]) => {
      const text = typeof value === 'number' ? String(value) : plainText(String(value ?? 'unknown'))
      return `${plainText(name).replaceAll('_', ' ')} ${text}`
    })
}

/** A label in the left column, its items wrapped to the right of it. */
function labelled(label: string, items: readonly string[], { width, colors }: ReportStyle) {
  const lines = wrapItems(items, width - LABEL_CELLS, ' · ')
  return lines.map((line, index) =>
    index === 0 ? colors.bold(label.padEnd(LABEL_CELLS)) + line : ' '.repeat(LABEL_CELLS) + line,
  )
}

/** A node of many processes has as many addresses; the first few say what was driven. */
function shownTargets(targets: readonly string[]): string[] {
  const shown = targets.slice(0, TARGETS_SHOWN_MAX).map(plainText)
  const more = targets.length - shown.length
  return more > 0 ? [...shown, `and ${more} more targets`] : shown
}
