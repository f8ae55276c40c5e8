/** The tables of the page: one function per section, from the report to markup. */
import { formatBytes, formatCount, formatDurationUs, formatRate } from '../../config/quantities.ts'
import type {
  DistributionReport,
  GcSideReport,
  HostFindingReport,
  HostFindingsReport,
  MetricReport,
  RunReport,
} from '../../stats/run-report.ts'
import {
  bytesText,
  deltaText,
  gaugeText,
  millisecondsText,
  observedText,
  percentText,
  shareText,
  UNKNOWN,
} from '../report-values.ts'
import { estimateText, targetItems } from '../target-lines.ts'
import { html, type Markup, NOTHING } from './markup.ts'

const PERCENTILES = ['p50', 'p75', 'p90', 'p95', 'p99', 'p99_9', 'p99_99', 'max'] as const
/** In the order in which a connection goes through them. */
const CONNECT_STAGES = ['connect_time', 'upgrade_time', 'handshake_time', 'reconnect_time'] as const
/** A bar in this many parts: SVG, because a style attribute would need a looser policy. */
const BAR_UNITS = 1000

export function latencyTable({ metrics }: RunReport): Markup {
  const rows = Object.entries(metrics) as [string, MetricReport][]
  if (rows.length === 0) return html`<p>No latency was measured.</p>`
  return html`<div class="wide"><table>
<thead><tr><th>metric</th><th>time</th>${PERCENTILES.map(
    (name) => html`<th class="n">${name.replace('_', '.')}</th>`,
  )}<th class="n">samples</th></tr></thead>
<tbody>${rows.map(
    ([name, { response, service }]) => html`
<tr><th rowspan="2">${name}</th><td>response</td>${distributionCells(response)}</tr>
<tr><td>service</td>${distributionCells(service)}</tr>`,
  )}</tbody></table></div>`
}

function distributionCells(distribution: DistributionReport): Markup[] {
  const isEmpty = distribution.count === 0
  return [
    ...PERCENTILES.map(
      (name) => html`<td class="n">${isEmpty ? '–' : formatDurationUs(distribution[name])}</td>`,
    ),
    html`<td class="n">${formatCount(distribution.count)}</td>`,
  ]
}

export function thresholdTable({ thresholds }: RunReport): Markup {
  if (thresholds.length === 0) return NOTHING
  return html`<table class="thresholds"><tbody>${thresholds.map(
    (threshold) => html`
<tr class="${threshold.held ? 'held' : 'crossed'}">
<td>${threshold.held ? '✓ held' : '✗ crossed'}</td><td><code>${threshold.expression}</code></td>
<td class="n">${observedText(threshold)}</td></tr>`,
  )}</tbody></table>`
}

export function connectStages({ metrics }: RunReport): Markup {
  const stages = CONNECT_STAGES.flatMap((name) => {
    const response = metrics[name]?.response
    return response === undefined || response.count === 0 ? [] : [{ name, response }]
  })
  if (stages.length === 0) return html`<p>No connection came up.</p>`
  const longest = Math.max(...stages.map(({ response }) => response.p99))
  return html`<table class="bars">
<thead><tr><th>stage</th><th class="n">p50</th><th class="n">p99</th><th class="n">max</th>
<th>p50 and p99</th></tr></thead><tbody>${stages.map(
    ({ name, response: { p50, p99, max } }) => html`
<tr><th>${name.replace('_time', '')}</th><td class="n">${formatDurationUs(p50)}</td>
<td class="n">${formatDurationUs(p99)}</td><td class="n">${formatDurationUs(max)}</td>
<td>${bar(p50 / longest, p99 / longest)}</td></tr>`,
  )}</tbody></table>`
}

function bar(strong: number, weak: number): Markup {
  const [inner, outer] = [strong, weak].map((share) => Math.max(4, Math.round(share * BAR_UNITS)))
  return html`<svg class="bar" viewBox="0 0 ${BAR_UNITS} 10" preserveAspectRatio="none" role="img"
aria-hidden="true"><rect class="weak" width="${outer}" height="10"/>
<rect class="strong" width="${inner}" height="10"/></svg>`
}

export function failureTable({ connections }: RunReport): Markup {
  const { failures } = connections
  if (failures.length === 0) return html`<p>No connection failed.</p>`
  return html`<div class="wide"><table>
<thead><tr><th>phase</th><th>cause</th><th class="n">count</th>
<th class="n">first after</th><th>source</th><th>sample</th></tr></thead><tbody>${failures.map(
    ({ phase, cause, count, first_ms, source = '', sample }) => html`
<tr><td>${phase}</td><td>${cause}</td><td class="n">${formatCount(count)}</td>
<td class="n">${millisecondsText(first_ms)}</td><td>${source}</td><td>${sample}</td></tr>`,
  )}</tbody></table></div>`
}

export function pauseTable({ gc }: RunReport): Markup {
  return html`<table>
<thead><tr><th>side</th><th>pause</th><th class="n">count</th><th class="n">p99</th>
<th class="n">p99.9</th><th class="n">max</th></tr></thead><tbody>${(
    ['target', 'generator'] as const
  ).flatMap((side) => sideRows(side, gc[side]))}</tbody></table>`
}

function sideRows(side: string, report: GcSideReport): Markup[] {
  const { known, kinds, loop_lag: lag, loop_lag_steady: steady } = report
  const row = (name: string, distribution: DistributionReport | null): Markup =>
    html`<tr><td>${side}</td><td>${name}</td>${pauseCells(distribution)}</tr>`
  const lags = [row('loop lag', lag)]
  if (steady !== undefined) lags.push(row('loop lag when steady', steady))
  if (!known) return [row('GC', null), ...lags]
  return [...kinds.map(({ kind, pauses }) => row(`GC ${kind}`, pauses)), ...lags]
}

function pauseCells(distribution: DistributionReport | null): Markup {
  if (distribution === null) return html`<td class="n">${UNKNOWN}</td><td colspan="3"></td>`
  const { count, p99, p99_9, max } = distribution
  if (count === 0) return html`<td class="n">0</td><td colspan="3"></td>`
  return html`<td class="n">${formatCount(count)}</td>${[p99, p99_9, max].map(
    (us) => html`<td class="n">${formatDurationUs(us)}</td>`,
  )}`
}

export function targetSection({ target }: RunReport): Markup {
  if (target === undefined) return NOTHING
  return html`${target.sources.map(
    (source) =>
      html`<h3>${source.name}${
        source.runtime === null ? NOTHING : html` <small>${source.runtime}</small>`
      }</h3>${pairTable(targetItems(source).map(({ name, text }) => [name, text] as const))}`,
  )}`
}

/** Mode churn: nothing for the others. */
export function replacedTable({ connections: { replaced } }: RunReport): Markup {
  if (replaced === undefined) return NOTHING
  const { planned, done, late, away, undone } = replaced
  return html`<h3>Replaced connections</h3>${pairTable([
    ['replaced', `${formatCount(done)} of ${formatCount(planned)}`],
    ['later than intended', shareText(late, done, 'late')],
    ['not up at the time', formatCount(away)],
    ['not done: the generator fell behind', formatCount(undone)],
  ])}`
}

export function hostTable({ host, memory }: RunReport): Markup {
  const { after, delta, peaks } = host
  const moved = Object.entries(delta).filter(
    ([name, value]) => !NAMED_COUNTERS.has(name) && value !== null && value !== 0,
  )
  const rows: (readonly [string, string])[] = [
    ['CPU', percentText(delta.cpu_percent)],
    ['TIME_WAIT', peaked(gaugeText(after.time_wait, delta.time_wait), peaks['time_wait'])],
    ['retransmits', deltaText(delta.retransmits)],
    ['listen overflows', deltaText(delta.listen_overflows)],
    ['softnet drops', deltaText(delta.softnet_drops)],
    ['memory per connection, generator', bytesText(memory.generator_bytes_per_connection)],
    ['memory per connection, target', bytesText(memory.target_bytes_per_connection)],
    ...growthRows(memory),
    ...moved.map(([name, value]) => {
      const text = name.endsWith('_percent') ? percentText(value) : deltaText(value)
      return [name.replaceAll('_', ' '), text] as const
    }),
  ]
  return html`<div class="wide">${pairTable(rows)}</div>`
}

function growthRows(memory: RunReport['memory']): (readonly [string, string])[] {
  const { generator_bytes_per_hour: generator, target_bytes_per_hour: target } = memory
  return [
    ['growth per hour, generator', generator] as const,
    ['growth per hour, target', target] as const,
  ].flatMap(([name, growth]) =>
    growth === undefined ? [] : [[name, estimateText(growth, formatBytes)] as const],
  )
}

const NAMED_COUNTERS: ReadonlySet<string> = new Set([
  'cpu_percent',
  'time_wait',
  'retransmits',
  'listen_overflows',
  'softnet_drops',
])

function peaked(text: string, peak: number | null | undefined): string {
  return peak === null || peak === undefined ? text : `${text}, at most ${formatCount(peak)}`
}

export function doctorSection({ hosts }: RunReport): Markup {
  if (hosts.length === 0) return html`<p>Doctor did not look.</p>`
  return html`${hosts.map(hostFindings)}`
}

function hostFindings({ host, role, failure, window_ms, findings }: HostFindingsReport): Markup {
  const head = html`<h3>${host} <small>${role}, ${millisecondsText(window_ms)}</small></h3>`
  if (failure !== null) return html`${head}<p>Could not be read: ${failure}</p>`
  const bad = findings.filter(({ status }) => status === 'critical' || status === 'warn')
  const rest = findings.filter(({ status }) => status !== 'critical' && status !== 'warn')
  const calm = bad.length === 0 ? html`<p>Nothing to mend.</p>` : NOTHING
  if (rest.length === 0) return html`${head}${calm}${bad.map(finding)}`
  return html`${head}${calm}${bad.map(finding)}
<details><summary>${rest.length} unknown or worth knowing</summary>${rest.map(finding)}</details>`
}

function finding({ id, subject, title, status, ...found }: HostFindingReport): Markup {
  const named = subject === null ? id : `${id} ${subject}`
  const fix = (label: string, text: string): Markup =>
    text === '' ? NOTHING : html`<dt>${label}</dt><dd><code>${text}</code></dd>`
  return html`<details class="finding ${status}">
<summary><b>${status}</b> ${title}: ${found.observed} <small>${named}</small></summary>
<dl><dt>needed</dt><dd>${found.needed}</dd><dt>why</dt><dd>${found.why}</dd>
${fix('now', found.fix_now)}${fix('for good', found.fix_for_good)}</dl></details>`
}

export function environmentTable({ environment, engine, started_at }: RunReport): Markup {
  return pairTable([
    ['started', started_at],
    ['engine', engine],
    ...Object.entries(environment).map(([name, value]) => {
      const isBytes = name.endsWith('_bytes') && typeof value === 'number'
      const text = value === null ? UNKNOWN : isBytes ? formatBytes(value) : String(value)
      return [name.replace(/_bytes$/, '').replaceAll('_', ' '), text] as const
    }),
  ])
}

export function planSection({ plan, targets }: RunReport): Markup {
  const { headline, warnings, schedule, ...rest } = plan
  const listed = Array.isArray(warnings) ? warnings.map(String) : []
  const pairs = Object.entries(Object(schedule) as Record<string, unknown>)
    .filter(([, value]) => value === null || typeof value !== 'object')
    .map(([name, value]) => [words(name), scheduleText(name, value)] as const)
  return html`${typeof headline === 'string' ? html`<p>${headline}</p>` : NOTHING}
<p class="targets">${targets.map((target) => html`<code>${target}</code> `)}</p>
${pairTable(pairs)}
${listed.length === 0 ? NOTHING : html`<ul>${listed.map((line) => html`<li>${line}</li>`)}</ul>`}
<details><summary>The plan in full</summary><pre>${planText(rest)}</pre></details>`
}

/** Lines stay lines: plainText would make one of them all. */
function planText(plan: unknown): Markup {
  const lines = JSON.stringify(plan, null, 1).split('\n')
  return html`${lines.map((line) => html`${indentOf(line)}${line}\n`)}`
}

function indentOf(line: string): Markup {
  return html`${Array.from({ length: line.search(/\S/) }, () => html`  `)}`
}

function scheduleText(name: string, value: unknown): string {
  if (typeof value !== 'number') return String(value ?? UNKNOWN)
  if (name.endsWith('PerSecond')) return formatRate(value)
  if (name.endsWith('Seconds')) return formatDurationUs(value * 1e6)
  return name.endsWith('Bytes') ? formatBytes(value) : formatCount(value)
}

function words(name: string): string {
  return name.replace(/(PerSecond|Seconds|Bytes)$/, '').replace(/[A-Z]/g, (letter) => {
    return ` ${letter.toLowerCase()}`
  })
}

function pairTable(rows: readonly (readonly [string, string])[]): Markup {
  if (rows.length === 0) return NOTHING
  return html`<table class="pairs"><tbody>${rows.map(
    ([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`,
  )}</tbody></table>`
}
