/**
 * Protocol cases in Markdown: `## title`, a paragraph that says why the case exists, the input, the
 * expected events.
 *
 *   ```hex      bytes in hex, "text" as ASCII, 61*300 repeats a byte, ; begins a comment
 *   ```http     lines, each sent with CRLF; \n \r \0 \t are escapes, {x*9000} repeats
 *   ```json     the text of one message
 *   ```events   one line per event, {a*300} repeats
 */
import { readFileSync } from 'node:fs'

export interface ProtocolCase {
  readonly title: string
  readonly why: string
  readonly input: Uint8Array
  readonly events: readonly string[]
}

export function readCases(url: URL): ProtocolCase[] {
  const sections = readFileSync(url, 'utf8').split(/^## /m).slice(1)
  if (sections.length === 0) throw new Error(`no cases in ${url.pathname}`)
  return sections.map((section) => {
    const title = section.slice(0, section.indexOf('\n')).trim()
    const blocks = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    const why = section.slice(title.length, section.indexOf('```')).trim()
    const input = blocks.find(([, kind]) => kind !== 'events')
    const events = blocks.find(([, kind]) => kind === 'events')
    if (!input || !events || why === '') throw new Error(`case "${title}" is incomplete`)
    return {
      title,
      why,
      input: bytesOf(input[1], input[2]),
      events: withRepeats(events[2])
        .split('\n')
        .filter((line) => line !== ''),
    }
  })
}

function bytesOf(kind: string, text: string): Uint8Array {
  if (kind === 'hex') return bytesFromHex(text)
  if (kind === 'http') return Buffer.from(httpText(text), 'latin1')
  return Buffer.from(text.trimEnd())
}

export function bytesFromHex(text: string): Uint8Array {
  const bytes: number[] = []
  for (const line of text.split('\n')) {
    for (const [token] of line.replace(/;.*/, '').matchAll(/"[^"]*"|\S+/g)) {
      if (token.startsWith('"')) bytes.push(...Buffer.from(token.slice(1, -1)))
      else {
        const match = /^([0-9a-f]{2})(?:\*(\d+))?$/.exec(token)
        if (!match) throw new Error(`not a byte: ${token}`)
        bytes.push(...new Array(Number(match[2] ?? 1)).fill(Number.parseInt(match[1], 16)))
      }
    }
  }
  return Uint8Array.from(bytes)
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', 0: '\0', t: '\t' }

function httpText(text: string): string {
  return withRepeats(text)
    .replaceAll('\n', '\r\n')
    .replace(/\\([nr0t])/g, (_, name: string) => ESCAPES[name])
}

function withRepeats(text: string): string {
  return text.replace(/\{([^{}]+)\*(\d+)\}/g, (_, part: string, count: string) =>
    part.repeat(Number(count)),
  )
}
