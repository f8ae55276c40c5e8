/**
 * A capacity plan as one page: tables only, no script at all, in a light and a dark coat, fit for a
 * phone and for paper. The same rows as the text.
 */
import { createHash } from 'node:crypto'
import { packageVersion } from '../../config/package-root.ts'
import { html, Markup, NOTHING } from '../../report/html/markup.ts'
import type { PlanSection } from './plan-sections.ts'

const STYLE = `
:root { color-scheme: light dark; --line: #8884 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line);
vertical-align: top }
thead th { font-weight: 400; opacity: .7 }
.n { text-align: right }
footer { margin: 3rem 0 1rem; opacity: .6 }
@media print { body { margin: 0; max-width: none } section { break-inside: avoid } }
`

export function planPage(headline: string, sections: readonly PlanSection[]): string {
  const digest = createHash('sha256').update(STYLE).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'`
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${headline}</title><style>${new Markup(STYLE)}</style></head>
<body><h1>${headline}</h1>
${sections.map(section)}
<footer>pushctl ${packageVersion()}: arithmetic, not measurement</footer></body></html>
`.text
}

function section({ title, head, rows, alignments = [], lines = [] }: PlanSection): Markup {
  const kind = (column: number): Markup =>
    alignments[column] === 'right' ? new Markup(' class="n"') : NOTHING
  const cells = (row: readonly string[]): Markup[] =>
    row.map((cell, column) =>
      column === 0 ? html`<th scope="row">${cell}</th>` : html`<td${kind(column)}>${cell}</td>`,
    )
  const top =
    head === undefined
      ? NOTHING
      : html`<thead><tr>${head.map(
          (cell, column) => html`<th${kind(column)}>${cell}</th>`,
        )}</tr></thead>`
  const body = rows.map((row) => html`<tr>${cells(row)}</tr>\n`)
  const table =
    rows.length === 0
      ? NOTHING
      : html`<div class="wide"><table>${top}<tbody>${body}</tbody></table></div>`
  const below = lines.map((line) => html`<p>${line}</p>`)
  return html`<section><h2>${title}</h2>${table}${below}</section>
`
}
