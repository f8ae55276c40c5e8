/** Nodes of a cluster as devices saw them: a row a node, who had no service, what was done. */
import type { ClusterNodeReport } from '../../stats/cluster-report.ts'
import type { RunReport } from '../../stats/run-report.ts'
import { CLUSTER_HEAD, clusterEventLines, clusterNodeCells, outageLine } from '../cluster-lines.ts'
import { html, type Markup, NOTHING } from './markup.ts'

/** Of those, the rest are counts. */
const NAME_COLUMNS = 2

/** Nothing where the devices did not find their nodes by dispatch. */
export function clusterSection({ cluster }: RunReport): Markup {
  if (cluster === undefined) return NOTHING
  const events = clusterEventLines(cluster).map((line) => html`<li>${line}</li>`)
  return html`<section><h2>Cluster</h2><p>${outageLine(cluster)}</p>
${events.length === 0 ? NOTHING : html`<ul>${events}</ul>`}<div class="plots" id="cluster"></div>
<div class="wide"><table><thead><tr>${CLUSTER_HEAD.map((title, column) =>
    column < NAME_COLUMNS ? html`<th>${title}</th>` : html`<th class="n">${title}</th>`,
  )}</tr></thead><tbody>${cluster.nodes.map(row)}</tbody></table></div></section>`
}

function row(node: ClusterNodeReport): Markup {
  return html`
<tr>${clusterNodeCells(node).map((text, column) =>
    column < NAME_COLUMNS ? html`<td>${text}</td>` : html`<td class="n">${text}</td>`,
  )}</tr>`
}
