/**
 * The sections that remote-script.ts prints, as the files of a capture. Commands that printed
 * nothing and links or sizes that failed are left out: absent is unknown, an empty answer would be
 * "none". Socket lists are the exception, where nothing is an answer.
 */
import { CAPTURE_NOTE, SECOND_MOMENT } from './captured-source.ts'
import { capturePath } from './capture-path.ts'

export interface RemoteFiles {
  readonly files: ReadonlyMap<string, string>
  /** False: the output stops before its end; what is there is still true. */
  readonly complete: boolean
}

const EMPTY_IS_AN_ANSWER = /^ss-/

export function parseRemoteOutput(text: string, marker: string): RemoteFiles {
  const files = new Map<string, string>()
  let complete = false
  for (const section of text.split(`\n#${marker} `).slice(1)) {
    const end = section.indexOf('\n')
    const [kind = '', first = '', ...rest] = (end < 0 ? section : section.slice(0, end)).split(' ')
    const body = end < 0 ? '' : section.slice(end + 1)
    const second = rest.join(' ')
    const prefix = first === 'after' ? SECOND_MOMENT : ''
    if (kind === 'files') addFiles(files, prefix, body)
    else if (kind === 'command' && (body !== '' || EMPTY_IS_AN_ANSWER.test(second))) {
      files.set(`${prefix}commands/${capturePath(second)}.txt`, withBreak(body))
    } else if (kind === 'list') files.set(`${capturePath(first)}/.list`, withBreak(body))
    else if (kind === 'link' && body.trim() !== '') {
      files.set(`${capturePath(first)}.link`, withBreak(body))
    } else if (kind === 'size' && body.trim() !== '') {
      files.set(`${prefix}${capturePath(second)}.size`, withBreak(body))
    } else if (kind === 'end') complete = true
  }
  addNote(files)
  return { files, complete }
}

/** Output of `head -v`: "==> path <==", the content, and a blank line before the next. */
function addFiles(files: Map<string, string>, prefix: string, body: string): void {
  const heads = [...body.matchAll(/(?:^|\n)==> (\/\S+) <==\n/g)]
  for (const [index, head] of heads.entries()) {
    const start = head.index + head[0].length
    const end = heads[index + 1]?.index ?? body.length
    files.set(prefix + capturePath(head[1] ?? ''), body.slice(start, end))
  }
}

/** The window is what the host's own clock says: the two readings of /proc/uptime. */
function addNote(files: Map<string, string>): void {
  const [before, after] = ['', SECOND_MOMENT].map((prefix) =>
    Number(files.get(`${prefix}proc/uptime`)?.split(' ')[0] ?? Number.NaN),
  )
  const windowMs = Math.round(((after ?? Number.NaN) - (before ?? Number.NaN)) * 1_000)
  if (windowMs > 0) files.set(CAPTURE_NOTE, JSON.stringify({ windowMs }))
}

/** The marker takes the line break before it. */
function withBreak(body: string): string {
  return body === '' || body.endsWith('\n') ? body : `${body}\n`
}
