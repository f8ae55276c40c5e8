/**
 * A capture as one text of captures/: "==> path <==" before each file, as `head -v` prints it. A
 * test may change files of it: folders that were listed then name what was added or taken away.
 */
import { readFileSync } from 'node:fs'
import { sysctlPath } from '../../src/doctor/parsers/sysctl-conf.ts'

/** `#` in a line stands for a number of its own: 20000, 20001 … */
type Content = string | number | { readonly times: number; readonly line: string }

export interface CaptureChanges {
  /** In both samples. Null: not there; a path that ends in "/" is all that lies below. */
  readonly files?: Readonly<Record<string, Content | null>>
  /** By dotted key; null: not there. */
  readonly sysctls?: Readonly<Record<string, string | number | null>>
  /** In the second sample only. */
  readonly after?: Readonly<Record<string, Content | null>>
  /** "TcpExt.TCPTimeWaitOverflow": [then, now]. */
  readonly counters?: Readonly<Record<string, readonly [number, number]>>
}

export function readCapture(name: string): Map<string, string> {
  const text = readFileSync(new URL(`captures/${name}.txt`, import.meta.url), 'utf8')
  const files = new Map<string, string>()
  for (const part of text.split(/^==> /m).slice(1)) {
    const [, path = '', content = ''] = /^(\S+) <==\n([\s\S]*)$/.exec(part) ?? []
    files.set(path, content)
  }
  return files
}

export function changedCapture(
  capture: ReadonlyMap<string, string>,
  { files = {}, sysctls = {}, after = {}, counters = {} }: CaptureChanges,
): Map<string, string> {
  const host = new Map(capture)
  const put = (path: string, content: Content | null): void => {
    if (content === null) remove(host, path)
    else host.set(path, textOf(content))
  }
  const settings = Object.entries(sysctls).map(
    ([key, value]) => [sysctlPath(key).replace(/^\//, ''), value] as const,
  )
  for (const [path, content] of [...Object.entries(files), ...settings]) {
    put(path, content)
    put(`after/${path}`, content)
    noteInLists(host, path, content !== null)
  }
  for (const [path, content] of Object.entries(after)) put(`after/${path}`, content)
  for (const [name, values] of Object.entries(counters)) {
    const path = `proc/net/${/^(Tcp|Ip)\./.test(name) ? 'snmp' : 'netstat'}`
    for (const [index, file] of [path, `after/${path}`].entries()) {
      host.set(file, withCounter(host.get(file) ?? '', name, values[index]!))
    }
  }
  return host
}

function textOf(content: Content): string {
  if (typeof content === 'string') return content
  if (typeof content === 'number') return `${content}\n`
  const { line, times } = content
  return Array.from({ length: times }, (_, row) => line.replace('#', `${20_000 + row}`)).join('\n')
}

function remove(host: Map<string, string>, path: string): void {
  host.delete(path)
  if (!path.endsWith('/')) return
  for (const name of [...host.keys()]) if (name.startsWith(path)) host.delete(name)
}

/** Each folder above the path that was listed names what lies on the way, or no longer does. */
function noteInLists(host: Map<string, string>, path: string, isThere: boolean): void {
  const names = path.replace(/\/$/, '').split('/')
  if (names.at(-1) === '.list') return
  for (let depth = names.length - 1; depth > 0; depth -= 1) {
    const list = `${names.slice(0, depth).join('/')}/.list`
    const name = names[depth]!.replace(/\.(link|size)$/, '')
    const listed = host.get(list)?.split('\n').filter(Boolean)
    if (listed !== undefined) {
      const others = listed.filter((other) => other !== name)
      host.set(list, [...others, ...(isThere ? [name] : [])].join('\n'))
    }
    if (!isThere) return
  }
}

/** The table with one counter changed: a line of names, then one of values, for each group. */
function withCounter(table: string, name: string, value: number): string {
  const [group, counter] = name.split('.')
  const lines = table.split('\n')
  const head = lines.findIndex((line) => line.startsWith(`${group}: `))
  const column = lines[head]?.split(' ').indexOf(counter!) ?? -1
  if (column < 1) throw new Error(`${name} is not in the capture`)
  const values = lines[head + 1]!.split(' ')
  values[column] = String(value)
  return lines.with(head + 1, values.join(' ')).join('\n')
}
