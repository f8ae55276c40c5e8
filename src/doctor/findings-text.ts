/**
 * Findings as a calm report: a summary of one screen, then each finding that asks for something,
 * worst first. What is fine is only counted; what is unknown is listed with its reason, because it
 * is not fine. A warning goes without its evidence, which --all adds.
 */
import { printable } from '../config/printable.ts'
import type { Facts } from './facts.ts'
import type { Check, Finding } from './finding.ts'
import { countsLine, nameOf, summaryLines } from './findings-summary.ts'
import { reportsOfProcesses } from './process-report.ts'
import { textOfMetrics, textOfProcess } from './process-text.ts'
import { metricsPages } from './runtimes/read-runtime.ts'
import type { Target } from './target.ts'
import { describeTarget } from './target-text.ts'
import { dimmed, type Paint, type StatusPaints, statusPaints, wrap } from './text-layout.ts'

export interface TextOptions {
  readonly color: boolean
  /** Columns to wrap at. */
  readonly columns: number
  /** Every finding, and evidence and source of each that asks for something. */
  readonly all: boolean
  /** What machine it is, in one line; null where that is not known. */
  readonly machine: string | null
}

const LABEL_COLUMNS = 12
/** Lines of evidence below a critical finding; --all shows all. */
const EVIDENCE_MAX = 5
/** Below this many warnings each gets its paragraph; beyond, only the worst do. */
const DETAILS_MAX = 8

export function findingsText(
  findings: readonly Finding[],
  facts: Facts,
  target: Target,
  options: TextOptions,
): string {
  const paints = statusPaints(options.color)
  const alarms = findings.filter(({ status }) => status === 'critical' || status === 'warn')
  const detailed = options.all ? alarms : alarms.slice(0, DETAILS_MAX)
  const summary = summaryLines(findings, paints, options)
  const sections = [
    headline(facts, target, options),
    countsLine(findings, paints),
    ...(summary.length > 0 ? [summary.join('\n')] : []),
    ...processSections(facts, paints, options),
    ...detailed.map((finding) => detailText(finding, paints, options)),
    footer(findings, alarms.length - detailed.length, options),
  ].filter((section) => section !== '')
  return `${sections.join('\n\n')}\n`
}

/** Teaching text of --explain. */
export function explainText(check: Check, columns: number): string {
  const paragraphs = check.explain
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, ' '))
  return [
    `${check.id}: ${check.title}`,
    ...[check.why, ...paragraphs].map((paragraph) => wrap(paragraph.trim(), columns, '')),
    `Scope: ${SCOPE_TEXT[check.scope]}. Roles: ${check.roles.join(', ')}.`,
    wrap(`Source: ${check.source}`, columns, ''),
  ].join('\n\n')
}

/** One line a check, for --list. */
export function listText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ id }) => id.length))
  return checks.map(({ id, title }) => `${id.padEnd(width)}  ${title}`).join('\n')
}

const SCOPE_TEXT = {
  netns: 'this network namespace',
  host: 'the whole host; a container cannot set it',
  process: 'one process',
} as const

function headline(facts: Facts, target: Target, { columns, machine }: TextOptions): string {
  const { kernelRelease, hostname } = facts.host
  const name = facts.origin.kind === 'live' && hostname.known ? hostname.value : facts.origin.name
  const kernel = kernelRelease.known ? `Linux ${kernelRelease.value}` : 'kernel unknown'
  const window =
    facts.sampling === 'window'
      ? `counters over ${(facts.windowMs / 1_000).toFixed(1)} s`
      : 'one sample only: totals since boot, not what moves now'
  return [
    wrap(`${printable(name)} (${printable(kernel)}), ${window}`, columns, '  '),
    ...(machine === null ? [] : [wrap(printable(machine), columns, '  ')]),
    wrap(`for ${describeTarget(target)}`, columns, '  '),
  ].join('\n')
}

function processSections(facts: Facts, paints: StatusPaints, options: TextOptions): string[] {
  const { columns, color } = options
  const style = { columns, dim: dimmed(color), alarm: paints.warn }
  return [
    ...reportsOfProcesses(facts).map((report) => textOfProcess(report, style)),
    ...metricsPages(facts).map((page) => textOfMetrics(page, style)),
  ]
}

function footer(findings: readonly Finding[], left: number, options: TextOptions): string {
  const { all, color, columns } = options
  const rest = findings.filter(({ status }) => status === 'info' || status === 'ok').length
  const hints = [
    ...(left > 0 && !all ? [`--all details ${left} more`] : []),
    ...(all || rest === 0 ? [] : [`--all lists the ${rest} that are fine or worth knowing`]),
    ...(findings.some(({ status }) => status === 'critical' || status === 'warn')
      ? ['--explain CHECK teaches one', '--write DIR makes files of the fixes']
      : []),
  ]
  return hints.length === 0 ? '' : dimmed(color)(wrap(hints.join('; '), columns, ''))
}

function detailText(
  finding: Finding,
  paints: StatusPaints,
  { columns, all, color }: TextOptions,
): string {
  const { observed, needed, why, fix_now, fix_for_good, source } = finding
  const rows: [string, string][] = [
    ['observed', observed],
    ['needed', needed],
    ['why', why],
    ['fix now', fix_now],
    ['for good', fix_for_good],
    ['evidence', evidenceText(finding, all)],
    ['source', all ? source : ''],
  ]
  const title = `${paints[finding.status](finding.status)} ${nameOf(finding)}: ${finding.title}`
  const lines = rows
    .filter(([, text]) => text !== '')
    .map(([label, text]) => detailRow(label, text, columns, dimmed(color)))
  return [title, ...lines].join('\n')
}

function evidenceText({ status, evidence }: Finding, all: boolean): string {
  if (all) return evidence.join('\n')
  if (status !== 'critical') return ''
  const left = evidence.length - EVIDENCE_MAX
  const more = left > 0 ? [`and ${left} more lines`] : []
  return [...evidence.slice(0, EVIDENCE_MAX), ...more].join('\n')
}

function detailRow(label: string, text: string, columns: number, dim: Paint): string {
  const indent = ' '.repeat(LABEL_COLUMNS)
  const body = text
    .split('\n')
    .map((line) => wrap(printable(line), columns - LABEL_COLUMNS, indent))
    .join(`\n${indent}`)
  return `  ${dim(label.padEnd(LABEL_COLUMNS - 2))}${body}`
}
