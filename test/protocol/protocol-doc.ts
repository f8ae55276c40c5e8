/** docs/protocol.md taken apart, so that tests can compare it with the code. */
import { readFileSync } from 'node:fs'

export const doc = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')

/** The part under one heading. */
export function sectionOf(heading: string): string {
  const start = doc.indexOf(`\n${heading}\n`)
  if (start < 0) throw new Error(`docs/protocol.md has no ${heading}`)
  const level = heading.slice(0, heading.indexOf(' '))
  const rest = doc.slice(start + heading.length + 2)
  const end = rest.search(new RegExp(`^#{2,${level.length}} `, 'm'))
  return end < 0 ? rest : rest.slice(0, end)
}

/** First column → the cells behind it, of all tables in a part. */
export function rowsOf(section: string): [string, string[]][] {
  return [...section.matchAll(/^\| `?([\w-]+)`? \| (.*) \|$/gm)].map(([, name, cells]) => [
    name,
    cells.split(' | '),
  ])
}

export interface DocExample {
  readonly name: string
  readonly hex: string
  readonly json: string
}

/** The frames that are shown byte by byte. */
export const examples: readonly DocExample[] = [
  ...doc.matchAll(/^([A-Z]+): .*\n\n```hex\n([^`]+)```\n```json\n(.+)\n```/gm),
].map(([, name, hex, json]) => ({ name, hex, json }))

/** The source of the client on one screen. */
export const clientSource = /^```js\n([\s\S]+?)^```$/m.exec(doc)?.[1] ?? ''
