/**
 * Text for a terminal: wrapping, cutting, colours by status. What came from a host's files must not
 * move the cursor of the terminal it is shown on, so it goes through `printable` first.
 */
import pc from 'picocolors'
import type { Status } from './finding.ts'

export type Paint = (text: string) => string
export type StatusPaints = Readonly<Record<Status, Paint>>

/** Narrower than this, wrapped text is harder to read than text that runs over. */
const WRAP_COLUMNS_MIN = 20

export function statusPaints(color: boolean): StatusPaints {
  const colors = pc.createColors(color)
  return {
    critical: (text) => colors.bold(colors.red(text)),
    warn: colors.yellow,
    unknown: colors.magenta,
    info: colors.cyan,
    ok: colors.green,
  }
}

export function dimmed(color: boolean): Paint {
  return pc.createColors(color).dim
}

export function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`
}

/** Lines after the first begin with `indent`, which `columns` does not count. */
export function wrap(text: string, columns: number, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > Math.max(WRAP_COLUMNS_MIN, columns)) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  lines.push(line)
  return lines.join(`\n${indent}`)
}
