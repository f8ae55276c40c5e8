/** Clients that behaved badly on purpose: a row a kind, each end on a line of its own. */
import type { BadClientReport, RunReport } from '../../stats/run-report.ts'
import {
  BAD_CLIENT_COUNTS,
  badClientCounts,
  badClientEnds,
  endedByNodeLines,
} from '../bad-client-lines.ts'
import { html, type Markup, NOTHING } from './markup.ts'

/** Nothing where all clients behaved. */
export function badClientSection({ bad_clients }: RunReport): Markup {
  if (bad_clients === undefined) return NOTHING
  return html`<section><h2>Bad clients</h2><div class="wide"><table>
<thead><tr><th>kind</th>${BAD_CLIENT_COUNTS.map((name) => html`<th class="n">${name}</th>`)}
<th>ends</th></tr></thead><tbody>${bad_clients.kinds.map(row)}</tbody></table></div>
${endedByNodeLines(bad_clients).map((line) => html`<p>${line}</p>`)}</section>`
}

function row(client: BadClientReport): Markup {
  const counts = badClientCounts(client).map((text) => html`<td class="n">${text}</td>`)
  const ends = badClientEnds(client, client.ends.length).map((end) => html`<div>${end}</div>`)
  return html`
<tr><th>${client.kind}</th>${counts}<td>${ends}</td></tr>`
}
