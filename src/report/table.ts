/**
 * Aligned columns for people, shared by every text output. Widths are counted in terminal cells:
 * colours take none, Chinese, Japanese and Korean letters two. A column is as wide as its widest
 * cell; nothing is cut here, the caller chooses what to drop.
 */
import { stripVTControlCharacters } from 'node:util'

export type Alignment = 'left' | 'right'

const WIDE = /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\uff01-\uff60]/u
const COLUMN_GAP = '  '

/**
 * @param rows cells, colours allowed; a short row leaves its last columns empty
 * @param alignments by column; left where none is given
 * @returns one line per row, without trailing spaces
 */
export function tableLines(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, visibleWidth(cell))
    }
  }
  return rows.map((row) =>
    row
      .map((cell, column) => padCell(cell, widths[column], alignments[column] ?? 'left'))
      .join(COLUMN_GAP)
      .trimEnd(),
  )
}

/** Terminal cells that the text takes. */
export function visibleWidth(text: string): number {
  let cells = 0
  for (const letter of stripVTControlCharacters(text)) cells += WIDE.test(letter) ? 2 : 1
  return cells
}

export function padCell(text: string, width: number, alignment: Alignment): string {
  const padding = ' '.repeat(Math.max(0, width - visibleWidth(text)))
  return alignment === 'left' ? text + padding : padding + text
}

/** Cuts text without colours to a width; `…` says that something is missing. */
export function clipText(text: string, width: number): string {
  if (visibleWidth(text) <= width) return text
  let clipped = ''
  for (const letter of text) {
    if (visibleWidth(clipped + letter) > width - 1) break
    clipped += letter
  }
  return `${clipped}…`
}

/** Joins items with a separator into lines of at most this width; an item is never broken. */
export function wrapItems(
  items: readonly string[],
  width: number,
  separator = COLUMN_GAP,
): string[] {
  const lines: string[] = []
  for (const item of items) {
    const last = lines.at(-1)
    const joined = last === undefined ? item : last + separator + item
    if (last === undefined || visibleWidth(joined) > width) lines.push(item)
    else lines[lines.length - 1] = joined
  }
  return lines
}

/**
 * What a peer, a file or a user wrote, made safe to print: no colours, no cursor movement, one
 * line.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
}
