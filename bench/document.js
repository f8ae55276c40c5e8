/**
 * Puts a section between its markers in a Markdown file, and leaves every other byte of it alone.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** `name` is in the markers, `heading` stands above them where the section is new. */
export const PEERS_SECTION = { name: 'bench', heading: '## pushctl against its peers' }
export const GENERATOR_SECTION = {
  name: 'generator',
  heading: '## The load generator against C',
}

export const REPORTING_SECTION = { name: 'reporting', heading: '## Bench reporting' }

export const CLUSTER_SECTION = { name: 'cluster', heading: '## A cluster on one host' }

export function rewriteSection(path, { name, heading }, section) {
  const opening = `<!-- ${name}:begin -->`
  const closing = `<!-- ${name}:end -->`
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '# Measurements\n'
  const block = `${opening}\n${section}\n${closing}`
  const begin = text.indexOf(opening)
  const end = text.indexOf(closing)
  if (begin < 0 || end < begin) {
    writeFileSync(path, `${text.trimEnd()}\n\n${heading}\n\n${block}\n`)
    return
  }
  writeFileSync(path, text.slice(0, begin) + block + text.slice(end + closing.length))
}
