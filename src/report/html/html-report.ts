/**
 * The run report as one self-contained page: no other file, no request, no script but its own,
 * which its content security policy names by digest. Tables and sentences are there without the
 * script, plots are drawn by it. The order is that of the questions: does it count, did it hold,
 * how long did people wait, when and why not, and where was it.
 */
import { createHash } from 'node:crypto'
import { packageVersion } from '../../config/package-root.ts'
import { formatCount, formatRate } from '../../config/quantities.ts'
import type { RunReport } from '../../stats/run-report.ts'
import { millisecondsText, shareText } from '../report-values.ts'
import { spikeLines } from '../spike-lines.ts'
import { badClientSection } from './bad-client-table.ts'
import { clusterSection } from './cluster-section.ts'
import { generatorSection } from './generator-table.ts'
import { html, jsonMarkup, Markup, NOTHING } from './markup.ts'
import type { PageAssets } from './page-assets.ts'
import { pageSeries } from './page-series.ts'
import {
  connectStages,
  doctorSection,
  environmentTable,
  failureTable,
  hostTable,
  latencyTable,
  pauseTable,
  planSection,
  replacedTable,
  targetSection,
  thresholdTable,
} from './page-tables.ts'
import { stageSection, steeringSection } from './stage-table.ts'

export function htmlReport(report: RunReport, { script, style }: PageAssets): string {
  const policy = [
    "default-src 'none'",
    `script-src ${digestOf(script)}`,
    `style-src ${digestOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const title = `${report.verdict.value}: ${report.mode}, ${formatCount(
    report.connections.requested,
  )} connections`
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="pushctl ${packageVersion()}">
<title>${title}</title><style>${new Markup(style)}</style></head>
<body>${bodyOf(report)}
<script type="application/json" id="series">${jsonMarkup(pageSeries(report))}</script>
<script>${new Markup(script)}</script></body></html>
`
  return page.text
}

function digestOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

function bodyOf(report: RunReport): Markup {
  return html`${verdictSection(report)}
<main>
${figures(report)}
${stageSection(report)}${steeringSection(report)}
${section('Latency', html`<div class="plots" id="percentiles"></div>${latencyTable(report)}`)}
${section('Over time', overTime(report))}
${section('Connecting', connecting(report))}
${clusterSection(report)}${badClientSection(report)}
${section('Pauses', pauseTable(report))}
${section(
  'Host and memory',
  html`${hostTable(report)}<div class="plots" id="memory"></div>${targetSection(report)}`,
)}
${generatorSection(report)}${section('Doctor', doctorSection(report))}
${section('Plan', planSection(report))}
${section('Environment', environmentTable(report))}
</main><footer>pushctl ${packageVersion()}</footer>`
}

function overTime(report: RunReport): Markup {
  if (report.intervals.length < 2) {
    return html`<p>The run was too short for a picture over time.</p>`
  }
  const spikes = spikeLines(report).map((line) => html`<li>${line}</li>`)
  const list = spikes.length === 0 ? NOTHING : html`<ul class="spikes">${spikes}</ul>`
  return html`${list}<div class="plots" id="time"></div>`
}

function connecting(report: RunReport): Markup {
  return html`${connectStages(report)}<div class="plots pairs" id="stages"></div>
${replacedTable(report)}<h3>Failures</h3>${failureTable(report)}`
}

function section(title: string, body: Markup): Markup {
  return html`<section><h2>${title}</h2>${body}</section>`
}

function verdictSection(report: RunReport): Markup {
  const { verdict, interrupted, partial = false, duration_ms, mode, targets } = report
  const state = partial ? ', partial: the run was killed' : interrupted ? ', interrupted' : ''
  const shown = targets.slice(0, 3).join(' ')
  const more = targets.length > 3 ? ` and ${targets.length - 3} more` : ''
  return html`<header class="${verdict.value.toLowerCase()}"><h1>${verdict.value}${state}</h1>
<p>${mode} against ${shown}${more}, measured for ${millisecondsText(duration_ms)}</p>
${
  verdict.reasons.length === 0
    ? NOTHING
    : html`<ul>${verdict.reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`
}${thresholdTable(report)}</header>`
}

function figures({ connections, messages }: RunReport): Markup {
  const rows: (readonly [string, string, string])[] = [
    [
      formatCount(connections.established),
      'connections established',
      [
        `of ${formatCount(connections.requested)}`,
        `${formatRate(connections.connects_per_second)}`,
        shareText(connections.failed, connections.attempted, 'failed'),
        `${formatCount(connections.alive_at_end)} alive at the end`,
      ].join(', '),
    ],
    [
      formatCount(messages.sent),
      'messages sent',
      [
        `of ${formatCount(messages.planned)}`,
        formatRate(messages.sent_per_second),
        shareText(messages.late, messages.sent, 'late'),
        shareText(messages.unsent, messages.planned, 'unsent'),
      ].join(', '),
    ],
    [
      formatCount(messages.received),
      'messages received',
      [
        `of ${formatCount(messages.expected)}`,
        formatRate(messages.received_per_second),
        shareText(messages.lost, messages.expected, 'lost'),
        shareText(messages.duplicated, messages.received, 'duplicated'),
        shareText(messages.reordered, messages.received, 'reordered'),
      ].join(', '),
    ],
  ]
  return html`<div class="figures">${rows.map(
    ([value, name, rest]) => html`<div><b>${value}</b> ${name}<small>${rest}</small></div>`,
  )}</div>`
}
