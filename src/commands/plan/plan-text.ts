/** A capacity plan as text. */
import { tableLines } from '../../report/table.ts'
import type { PlanSection } from './plan-sections.ts'

export function capacityText(headline: string, sections: readonly PlanSection[]): string {
  return [headline, ...sections.map(sectionText)].join('\n\n')
}

function sectionText({ title, head, rows, alignments, lines = [] }: PlanSection): string {
  const all = head === undefined ? rows : [head, ...rows]
  const table = all.length === 0 ? [] : tableLines(all, alignments)
  return [title, ...[...table, ...lines].map((line) => `  ${line}`)].join('\n')
}
