/**
 * Puts the section between its markers in a Markdown file, and leaves every other byte of it
 * alone.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const BEGIN = '<!-- bench:begin -->'
const END = '<!-- bench:end -->'

export function rewriteSection(path, section) {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '# Measurements\n'
  const block = `${BEGIN}\n${section}\n${END}`
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin < 0 || end < begin) {
    const heading = '## pushctl against its peers'
    writeFileSync(path, `${text.trimEnd()}\n\n${heading}\n\n${block}\n`)
    return
  }
  writeFileSync(path, text.slice(0, begin) + block + text.slice(end + END.length))
}
