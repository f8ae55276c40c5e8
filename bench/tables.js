/** Figures of several rounds as cells, and rows of cells as tables; the first row is the head. */

/** null where nothing is known. */
export function spread(values) {
  const known = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b)
  if (known.length === 0) return null
  const middle = known.length >> 1
  const median = known.length % 2 ? known[middle] : (known[middle - 1] + known[middle]) / 2
  return { median, min: known[0], max: known.at(-1), count: known.length }
}

export function spreadText(value, show) {
  if (!value) return '–'
  if (value.count === 1) return show(value.median)
  return `${show(value.median)} (${show(value.min)}–${show(value.max)})`
}

export function markdownTable(rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [
    line(rows[0]),
    `|${rows[0].map(() => '---').join('|')}|`,
    ...rows.slice(1).map(line),
  ].join('\n')
}

export function textTable(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((cells) => cells[i].length)))
  const line = (cells) => cells.map((cell, i) => cell.padEnd(widths[i])).join('  ')
  return rows.map((cells) => line(cells).trimEnd()).join('\n')
}
