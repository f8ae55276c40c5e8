/** A run on several hosts: a row for each, those that were lost or took no part with the reason. */
import type { GeneratorReport } from '../../stats/generator-report.ts'
import type { RunReport } from '../../stats/run-report.ts'
import { absenceOf, GENERATOR_FIGURES, generatorFigures } from '../generator-lines.ts'
import { UNKNOWN } from '../report-values.ts'
import { html, type Markup, NOTHING } from './markup.ts'

/** Nothing for a run that was driven from here. */
export function generatorSection({ generators = [] }: RunReport): Markup {
  if (generators.length === 0) return NOTHING
  return html`<section><h2>Driven from</h2><div class="wide"><table>
<thead><tr><th>host</th>${GENERATOR_FIGURES.map((name) => html`<th class="n">${name}</th>`)}
<th>verdict</th></tr></thead><tbody>${generators.map(row)}</tbody></table></div></section>`
}

function row(generator: GeneratorReport): Markup {
  const { host, sends_broadcasts, failure, verdict } = generator
  const role = sends_broadcasts ? html` <small>sends the broadcasts</small>` : NOTHING
  if (failure !== null) {
    return html`
<tr><th>${host}${role}</th><td colspan="${GENERATOR_FIGURES.length + 1}">${absenceOf(generator)}:
${failure}</td></tr>`
  }
  return html`
<tr><th>${host}${role}</th>${generatorFigures(generator).map(
    (text) => html`<td class="n">${text}</td>`,
  )}
<td>${verdict ?? UNKNOWN}</td></tr>`
}
