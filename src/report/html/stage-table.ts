/** Runs of several stages, and what --find found: a row a stage, for the page. */
import { formatCount, formatDurationUs, formatRate, formatShare } from '../../config/quantities.ts'
import type { MetricReport, RunReport, SearchReport, StageReport } from '../../stats/run-report.ts'
import { millisecondsText } from '../report-values.ts'
import { steeringLines } from '../stage-lines.ts'
import { html, type Markup, NOTHING } from './markup.ts'

const OUTCOMES: Readonly<Record<NonNullable<StageReport['outcome']>, string>> = {
  passed: '✓ passed',
  failed: '✗ failed',
  generator: 'the generator was the limit',
}
const LIMITS: Readonly<Record<SearchReport['limit'], string>> = {
  target: 'more than that the target did not hold',
  generator: 'more than that the load generator could not do',
  bound: 'that is where the search ended',
}

/** By hand, while the run went on. */
export function steeringSection(report: RunReport): Markup {
  const lines = steeringLines(report)
  if (lines.length === 0) return NOTHING
  const items = lines.map((line) => html`<li>${line}</li>`)
  return html`<section><h2>Steered</h2><ul>${items}</ul></section>`
}

/** Nothing for a run of one stage. */
export function stageSection({ stages = [], search }: RunReport): Markup {
  if (stages.length < 2) return NOTHING
  return html`<section><h2>Stages</h2>${search === undefined ? NOTHING : searchLine(search)}
<div class="plots" id="stage-curve"></div><div class="wide"><table>
<thead><tr><th>at</th><th>for</th><th class="n">connections</th><th class="n">rate</th>
<th class="n">p50</th><th class="n">p99</th><th class="n">max</th><th class="n">lost</th>
<th>verdict</th><th></th></tr></thead><tbody>${stages.map(row)}</tbody></table></div></section>`
}

function searchLine({ of, passed, failed, limit, confirmed }: SearchReport): Markup {
  const text = (value: number): string =>
    of === 'rate' ? `${formatRate(value)}` : `${formatCount(value)} connections`
  if (passed === null) {
    const least = failed === null ? '' : `, not even ${text(failed)}`
    return html`<p><b>No load held every threshold${least}.</b></p>`
  }
  const sure = confirmed ? 'held again for the whole duration' : 'not confirmed'
  return html`<p><b>${text(passed)}</b> held every threshold, ${sure}; ${LIMITS[limit]}.</p>`
}

function row(stage: StageReport): Markup {
  const { at_ms, duration_ms, connections_wanted, rate_wanted, messages, outcome } = stage
  const response = mainMetric(stage)?.response
  const time = (us: number | undefined): string => (us === undefined ? '–' : formatDurationUs(us))
  const kind = outcome === 'passed' ? 'held' : outcome === 'failed' ? 'crossed' : ''
  const lost = messages.lost === 0 ? '0' : formatShare(messages.lost / messages.expected)
  return html`
<tr class="stage ${kind}"><td class="n">${millisecondsText(at_ms)}</td>
<td class="n">${millisecondsText(duration_ms)}</td>
<td class="n">${formatCount(connections_wanted)}</td>
<td class="n">${formatRate(rate_wanted)}</td><td class="n">${time(response?.p50)}</td>
<td class="n">${time(response?.p99)}</td><td class="n">${time(response?.max)}</td>
<td class="n">${lost}</td><td>${stage.verdict.value}</td>
<td>${outcome === undefined ? '' : OUTCOMES[outcome]}</td></tr>`
}

/** What the messages of a stage waited. */
export function mainMetric({ metrics }: StageReport): MetricReport | undefined {
  return metrics.push_latency ?? metrics.echo_latency ?? metrics.broadcast_all
}
