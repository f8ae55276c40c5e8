/**
 * A log record for people: time of day, level, message, and the fields that say more. Takes what
 * pino has written, because then both forms come from one place and redaction holds for both.
 *
 *   12:00:05 error shard 1 is lost  signal=SIGKILL restartMs=1000
 */
import pc from 'picocolors'

const KNOWN = new Set(['level', 'time', 'event', 'node', 'msg', 'stack'])
const LEVEL_COLUMNS = 5

export function humanLine(json: string, color: boolean): string {
  const record = JSON.parse(json) as Record<string, unknown>
  const colors = pc.createColors(color)
  const level = String(record['level'])
  const paint = level === 'error' ? colors.red : level === 'warn' ? colors.yellow : colors.green
  const fields = Object.entries(record)
    .filter(([name]) => !KNOWN.has(name))
    .map(([name, value]) => `${name}=${valueText(value)}`)
  const time = String(record['time']).slice(11, 19)
  const head = `${colors.dim(time)} ${paint(level.padEnd(LEVEL_COLUMNS))} ${String(record['msg'])}`
  const stack = Array.isArray(record['stack']) ? record['stack'].map((line) => `\n  ${line}`) : []
  const tail = fields.length === 0 ? '' : `  ${colors.dim(fields.join(' '))}`
  return `${head}${tail}${stack.join('')}\n`
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value)
}
