/**
 * Wraps comment lines of more than 100 columns, which the formatter leaves alone. Only prose moves:
 * a line with a drawing, an example or an odd indent stays, and tidy.test.ts names it.
 *
 *   node scripts/wrap-comments.js FILE…   rewrites the files in place and names those it changed
 */
import { readFileSync, writeFileSync } from 'node:fs'

const COLUMNS_MAX = 100

/** Indent with comment sign, then text: ` * `, `// `, `/** `. */
const COMMENT = /^(\s*(?:\/\*\*?|\*(?!\/)|\/\/)\s?)(\S.*)$/
const DRAWING = /[│─┌┐└┘├┤┬┴┼▼▲►◄]|\s{3,}|→.*→/

for (const path of process.argv.slice(2)) {
  const before = readFileSync(path, 'utf8')
  const after = wrapComments(before.split('\n')).join('\n')
  if (after === before) continue
  writeFileSync(path, after)
  console.log(path)
}

/**
 * What does not fit moves to the start of the next line of the same paragraph, or to a new line.
 */
function wrapComments(lines) {
  const wrapped = []
  const rest = [...lines]
  while (rest.length > 0) {
    const line = rest.shift()
    const match = COMMENT.exec(line)
    if ([...line].length <= COLUMNS_MAX || !match || DRAWING.test(match[2])) {
      wrapped.push(line)
      continue
    }
    const closing = /^\s*\/\*.*\*\/$/.test(line)
    if (closing) {
      rest.unshift(...openBlock(line))
      continue
    }
    const { head, tail } = splitAt(line, match[1].length)
    if (tail === '') {
      wrapped.push(line)
      continue
    }
    wrapped.push(head)
    const prefix = nextPrefix(match[1])
    if (continues(rest[0], prefix, match[2]))
      rest[0] = `${prefix}${tail} ${rest[0].slice(prefix.length)}`
    else rest.unshift(`${prefix}${hangingIndent(match[2])}${tail}`)
  }
  return wrapped
}

/** A one-line block comment becomes one of three lines. */
function openBlock(line) {
  const indent = /^\s*/.exec(line)[0]
  const text = line
    .trim()
    .replace(/^\/\*\*?\s*/, '')
    .replace(/\s*\*\/$/, '')
  const sign = line.trim().startsWith('/**') ? '/**' : '/*'
  return [`${indent}${sign}`, `${indent} * ${text}`, `${indent} */`]
}

function splitAt(line, prefixLength) {
  const at = line.lastIndexOf(' ', COLUMNS_MAX)
  if (at <= prefixLength) return { head: line, tail: '' }
  return { head: line.slice(0, at).trimEnd(), tail: line.slice(at + 1).trim() }
}

function nextPrefix(prefix) {
  return prefix.replace(/\/\*\*?/, ' *').replace(/\s*$/, ' ')
}

/** A list item keeps its text under its text. */
function hangingIndent(text) {
  return /^[-*] /.test(text) ? '  ' : ''
}

function continues(line, prefix, text) {
  if (line === undefined || !line.startsWith(prefix) || hangingIndent(text) !== '') return false
  const next = line.slice(prefix.length)
  return (
    /^\S/.test(next) && !/^([-*@]|\d+\.|```|\|)/.test(next) && !DRAWING.test(next) && next !== '/'
  )
}
