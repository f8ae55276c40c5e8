/**
 * Every kind of line that a node logs: its level, and how many lines of it may be written in ten
 * seconds. What is above that is counted and told with the next line, so a storm costs the disk and
 * the main thread no more than a calm day. There is no kind for a device or a message: those are
 * counters (/metrics).
 */

export const LOG_LEVELS = ['error', 'warn', 'info'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

export const LOG_WINDOW_MS = 10_000

interface LogKindRow {
  readonly level: LogLevel
  readonly linesPerWindow: number
}

export const LOG_KINDS = {
  listening: { level: 'info', linesPerWindow: 100 },
  ready: { level: 'info', linesPerWindow: 10 },
  'not-ready': { level: 'warn', linesPerWindow: 10 },
  load: { level: 'warn', linesPerWindow: 10 },
  setting: { level: 'info', linesPerWindow: 20 },
  stopping: { level: 'info', linesPerWindow: 10 },
  'shard-lost': { level: 'error', linesPerWindow: 20 },
  'shard-back': { level: 'info', linesPerWindow: 20 },
  'shard-silent': { level: 'warn', linesPerWindow: 20 },
  'shard-heard': { level: 'info', linesPerWindow: 20 },
  'store-failed': { level: 'error', linesPerWindow: 10 },
  'store-slow': { level: 'warn', linesPerWindow: 10 },
  'store-fast': { level: 'info', linesPerWindow: 10 },
  'store-back': { level: 'info', linesPerWindow: 10 },
  closed: { level: 'warn', linesPerWindow: 20 },
  clock: { level: 'warn', linesPerWindow: 10 },
  refused: { level: 'warn', linesPerWindow: 20 },
  'api-failure': { level: 'error', linesPerWindow: 10 },
  cluster: { level: 'warn', linesPerWindow: 20 },
  upstream: { level: 'warn', linesPerWindow: 10 },
  reload: { level: 'info', linesPerWindow: 10 },
  'reload-refused': { level: 'error', linesPerWindow: 20 },
} as const satisfies Record<string, LogKindRow>

export type LogKind = keyof typeof LOG_KINDS
