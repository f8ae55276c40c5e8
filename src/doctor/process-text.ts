/**
 * Processes and their runtimes in the report: one short paragraph each, below the summary. What is
 * near a limit or stuck is painted; what is not known says why.
 */
import { printable } from '../config/printable.ts'
import { grouped, percent } from './counter-moves.ts'
import type { Fact } from './fact.ts'
import type { QueuedSocket } from './facts-sample.ts'
import { limitText } from './process-label.ts'
import type { ListenerUse, ProcessReport, StuckQueue } from './process-report.ts'
import type { MetricsPage } from './runtimes/read-runtime.ts'
import type { CollectionReading, RuntimeReading } from './runtimes/runtime-reading.ts'
import { bytesText } from './socket-demand.ts'
import { type Paint, wrap } from './text-layout.ts'

export interface ProcessTextStyle {
  readonly columns: number
  readonly dim: Paint
  readonly alarm: Paint
}

const LABEL_COLUMNS = 14
const THREADS_MAX = 5
/** Below a hundredth of a CPU a thread is idle. */
const THREAD_SHARE_MIN = 0.01
const LISTENERS_MAX = 5
const DESCRIPTORS_HIGH = 0.8
const THREAD_SHARE_HIGH = 0.9
/** A device sees a pause of this length. */
export const PAUSE_SECONDS_HIGH = 0.2

type Row = readonly [label: string, text: string, isAlarm?: boolean]

export function textOfProcess(report: ProcessReport, style: ProcessTextStyle): string {
  const { name, pid, chosenBy, sockets } = report
  const rows: Row[] = [
    ...rowOf('descriptors', report.descriptors, ({ used, exact, soft }): Row[] => {
      const share = used / soft
      const text = `${exact ? '' : 'at most '}${grouped(used)} of ${limitText(soft)}`
      const shareText = Number.isFinite(soft) ? ` (${percent(share)})` : ''
      return [['descriptors', text + shareText, share >= DESCRIPTORS_HIGH]]
    }),
    ...rowOf('memory', report.memory, ({ residentBytes, swappedBytes, bytesPerSecond }): Row[] => {
      const swap = swappedBytes > 0 ? `, ${bytesText(swappedBytes)} swapped out` : ''
      return [
        ['memory', bytesText(residentBytes) + slopeText(bytesPerSecond) + swap, swappedBytes > 0],
      ]
    }),
    ...threadRows(report),
    ...rowOf('sockets', sockets, ({ byState, partial, scope }): Row[] => {
      const counts = Object.entries(byState)
        .sort(([, a], [, b]) => b - a)
        .map(([state, count]) => `${grouped(count)} ${state}`)
      const of = scope === 'port' ? ' (of the whole port)' : ''
      const more = partial ? ', and more that were not read' : ''
      return [['sockets', (counts.join(', ') || 'none connected') + more + of]]
    }),
    ...rowOf('stuck', report.stuck, ({ unsent, unread }): Row[] => [
      ...stuckRow('unsent', unsent, ({ unsentBytes }) => unsentBytes),
      ...stuckRow('unread', unread, ({ unreadBytes }) => unreadBytes),
    ]),
    ...rowOf('listens', report.listeners, listenerRows),
  ]
  return paragraph(`${printable(name)} (pid ${pid}), ${chosenBy}`, rows, style)
}

export function textOfMetrics({ url, runtimes }: MetricsPage, style: ProcessTextStyle): string {
  const rows = rowOf('metrics', runtimes, (readings) => readings.flatMap(runtimeRows))
  return paragraph(printable(url), rows, style)
}

function runtimeRows(reading: RuntimeReading): Row[] {
  const { runtime, collections, loopLag, heapUsedBytes, heapSizeBytes, tasks } = reading
  const rows: Row[] = collections.map((collection) => [
    'collector',
    collectionText(collection),
    (collection.longestSeconds ?? 0) >= PAUSE_SECONDS_HIGH,
  ])
  if (loopLag?.p99Seconds != null || loopLag?.longestSeconds != null) {
    const { p99Seconds, longestSeconds } = loopLag
    rows.push([
      'event loop',
      [
        ...(p99Seconds === null ? [] : [`lags ${secondsText(p99Seconds)} at p99`]),
        ...(longestSeconds === null ? [] : [`${secondsText(longestSeconds)} at most`]),
      ].join(', '),
      (longestSeconds ?? 0) >= PAUSE_SECONDS_HIGH,
    ])
  }
  if (heapUsedBytes !== null) {
    const of = heapSizeBytes === null ? '' : ` of ${bytesText(heapSizeBytes)}`
    rows.push(['heap', bytesText(heapUsedBytes) + of])
  }
  if (tasks !== null) rows.push([tasks.name, grouped(tasks.count)])
  return [['runtime', runtime], ...rows]
}

function collectionText(reading: CollectionReading): string {
  const { kind, pausesPerSecond, timeShare, longestSeconds } = reading
  return [
    printable(kind),
    ...(pausesPerSecond === null ? [] : [`${pausesPerSecond.toFixed(1)} pauses/s`]),
    ...(timeShare === null ? [] : [`${percent(timeShare)} of the time`]),
    ...(longestSeconds === null ? [] : [`${secondsText(longestSeconds)} at most`]),
  ].join(', ')
}

function threadRows({ threads }: ProcessReport): Row[] {
  return rowOf('threads', threads, (rows): Row[] => {
    const total = rows.reduce((sum, { share }) => sum + share, 0)
    const busy = rows.filter(({ share }) => share >= THREAD_SHARE_MIN).slice(0, THREADS_MAX)
    return [
      ['CPU', `${percent(total)} of one CPU in ${counted(rows.length, 'thread')}`],
      ...busy.map(
        ({ share, name, tid, lastCpu }): Row => [
          '',
          `${percent(share)} ${printable(name)} (${tid}) on CPU ${lastCpu}`,
          share >= THREAD_SHARE_HIGH,
        ],
      ),
    ]
  })
}

function stuckRow(
  kind: string,
  { count, bytes, worst }: StuckQueue,
  bytesOf: (socket: QueuedSocket) => number,
): Row[] {
  if (count === 0 || worst === null) return []
  const text =
    `${counted(count, 'socket')} with ${bytesText(bytes)} ${kind} that did not drain; ` +
    `most ${worst.local} → ${worst.peer}: ${bytesText(bytesOf(worst))}`
  return [['stuck', text, true]]
}

function listenerRows(listeners: readonly ListenerUse[]): Row[] {
  const left = listeners.length - LISTENERS_MAX
  return [
    ...listeners.slice(0, LISTENERS_MAX).map((listener): Row => {
      const { name, waiting, backlog, drops, dropsInWindow } = listener
      const lost = drops === null ? '' : `, ${grouped(drops)} dropped`
      const now = dropsInWindow ? `, ${grouped(dropsInWindow)} of them now` : ''
      const isAlarm = Boolean(dropsInWindow) || waiting > backlog
      return [
        'listens',
        `${name}: ${grouped(waiting)} of ${grouped(backlog)} waiting${lost}${now}`,
        isAlarm,
      ]
    }),
    ...(left > 0 ? [['', `and ${left} more`] as const] : []),
  ]
}

function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

function slopeText(bytesPerSecond: number | null): string {
  if (bytesPerSecond === null) return ''
  if (bytesPerSecond === 0) return ', steady'
  const sign = bytesPerSecond > 0 ? '+' : '−'
  return `, ${sign}${bytesText(Math.abs(bytesPerSecond))}/s`
}

function secondsText(seconds: number): string {
  return seconds >= 1 ? `${seconds.toFixed(1)} s` : `${Number((seconds * 1_000).toPrecision(3))} ms`
}

function rowOf<T>(label: string, fact: Fact<T>, rows: (value: T) => Row[]): Row[] {
  return fact.known ? rows(fact.value) : [[label, `unknown: ${fact.reason}`]]
}

function paragraph(title: string, rows: readonly Row[], style: ProcessTextStyle): string {
  const { columns, dim, alarm } = style
  const indent = ' '.repeat(LABEL_COLUMNS)
  let last = ''
  const lines = rows.map(([label, text, isAlarm]) => {
    const shown = label === last ? '' : label
    last = label
    const body = wrap(text, columns - LABEL_COLUMNS, indent)
    return `  ${dim(shown.padEnd(LABEL_COLUMNS - 2))}${isAlarm ? alarm(body) : body}`
  })
  return [title, ...lines].join('\n')
}
