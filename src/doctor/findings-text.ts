/**
 * Findings as a calm report: a summary of one screen, then each finding that asks for something,
 * worst first. What is fine is only counted; what is unknown is listed with its reason, because it
 * is not fine.
 */
import pc from 'picocolors'
import type { Facts } from './facts.ts'
import { type Check, type Finding, STATUSES, type Status } from './finding.ts'
import type { Target } from './target.ts'
import { describeTarget } from './target-text.ts'

export interface TextOptions {
  readonly color: boolean
  /** Columns to wrap at. */
  readonly columns: number
}

type Paint = (text: string) => string

const LABEL_WIDTH = 'critical'.length
/** Longest reason of an unknown finding in the summary. */
const OBSERVED_COLUMNS_MIN = 20

export function findingsText(
  findings: readonly Finding[],
  facts: Facts,
  target: Target,
  options: TextOptions,
): string {
  const paints = statusPaints(options.color)
  const notable = findings.filter(({ status }) => status !== 'ok')
  const detailed = findings.filter(({ status }) => status === 'critical' || status === 'warn')
  const sections = [
    headline(facts, target),
    countsLine(findings, paints),
    ...(notable.length > 0 ? [summaryLines(notable, paints, options).join('\n')] : []),
    ...detailed.map((finding) => detailText(finding, paints, options)),
  ]
  if (detailed.length > 0) sections.push('More about one: pushctl doctor --explain CHECK')
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

function headline(facts: Facts, target: Target): string {
  const { kernelRelease, hostname } = facts.host
  const name = facts.origin.kind === 'live' && hostname.known ? hostname.value : facts.origin.name
  const kernel = kernelRelease.known ? `Linux ${kernelRelease.value}` : 'kernel unknown'
  const window =
    facts.sampling === 'window'
      ? `counters over ${(facts.windowMs / 1_000).toFixed(1)} s`
      : 'one sample only: totals since boot, not what moves now'
  return `${printable(name)} (${printable(kernel)}), ${window}\nfor ${describeTarget(target)}`
}

function countsLine(findings: readonly Finding[], paints: Readonly<Record<Status, Paint>>): string {
  return STATUSES.map((status) => {
    const count = findings.filter((finding) => finding.status === status).length
    const text = `${count} ${status}`
    return count > 0 ? paints[status](text) : text
  }).join(' · ')
}

function summaryLines(
  findings: readonly Finding[],
  paints: Readonly<Record<Status, Paint>>,
  { columns }: TextOptions,
): string[] {
  const names = findings.map(nameOf)
  const nameWidth = Math.min(40, Math.max(...names.map((name) => name.length)))
  const rest = Math.max(OBSERVED_COLUMNS_MIN, columns - LABEL_WIDTH - nameWidth - 4)
  return findings.map((finding, index) => {
    const label = paints[finding.status](finding.status.padEnd(LABEL_WIDTH))
    const observed = cut(printable(finding.observed), rest)
    return `${label}  ${cut(names[index] ?? '', nameWidth).padEnd(nameWidth)}  ${observed}`
  })
}

function detailText(
  finding: Finding,
  paints: Readonly<Record<Status, Paint>>,
  { columns }: TextOptions,
): string {
  const rows: [string, string][] = [
    ['observed', finding.observed],
    ['needed', finding.needed],
    ['why', finding.why],
    ['fix now', finding.fix_now],
    ['for good', finding.fix_for_good],
    ['evidence', finding.evidence.join('\n')],
    ['source', finding.source],
  ]
  const lines = rows
    .filter(([, text]) => text !== '')
    .map(([label, text]) => {
      const indent = ' '.repeat(12)
      const body = text
        .split('\n')
        .map((line) => wrap(printable(line), columns - 12, indent))
        .join(`\n${indent}`)
      return `  ${label.padEnd(10)}${body}`
    })
  const label = paints[finding.status](finding.status)
  return [`${label} ${nameOf(finding)}: ${finding.title}`, ...lines].join('\n')
}

function nameOf({ id, subject }: Finding): string {
  return printable(subject === null ? id : `${id} ${subject}`)
}

function statusPaints(color: boolean): Readonly<Record<Status, Paint>> {
  const colors = pc.createColors(color)
  return {
    critical: (text) => colors.bold(colors.red(text)),
    warn: colors.yellow,
    unknown: colors.magenta,
    info: colors.cyan,
    ok: colors.green,
  }
}

/** What came from a host's files must not move the cursor of the terminal it is shown on. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

function wrap(text: string, columns: number, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > Math.max(20, columns)) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  lines.push(line)
  return lines.join(`\n${indent}`)
}
