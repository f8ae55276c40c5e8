/**
 * What the live view of --watch shows, as lines of coloured parts: who draws them decides how.
 * Never more lines than the terminal has rows, or the drawing would scroll.
 *
 *   established     2,024   30 accepted/s, 0 dialled/s
 *   TIME_WAIT      15,342   of 131,072
 *   listen                  0 overflows/s, 0 drops/s
 *   CPU 0                   ██▌·······  26 % softirq, 60 % busy
 */
import { printable } from '../../config/printable.ts'
import { grouped, percent } from '../counter-moves.ts'
import { type Finding, type Status, STATUSES } from '../finding.ts'
import { nameOf } from '../findings-summary.ts'
import { bytesText } from '../socket-demand.ts'
import { cut } from '../text-layout.ts'
import type { CpuLoad, MovingCounters } from './moving-counters.ts'
import { rateText } from './watch-line.ts'

export type Tone = Status | 'plain' | 'dim'

export interface PanelPart {
  readonly text: string
  readonly tone: Tone
}

export type PanelLine = readonly PanelPart[]

export interface PanelSize {
  readonly columns: number
  readonly rows: number
}

const NAME_COLUMNS = 12
const COUNT_COLUMNS = 12
const BAR_COLUMNS = 20
/** The busiest so many; the others are counted. */
const CPUS_MAX = 8
const FINDING_LABEL_COLUMNS = 10
/** Share of softirq from which one CPU is called hot. */
const SOFTIRQ_HIGH = 0.5
const FILL_HIGH = 0.75

export function watchPanel(
  headline: string,
  counters: MovingCounters,
  findings: readonly Finding[],
  size: PanelSize,
): PanelLine[] {
  const upper: PanelLine[] = [
    [{ text: cut(printable(headline), size.columns), tone: 'plain' }],
    [],
    ...counterLines(counters),
    [],
    ...cpuLines(counters.cpus),
    [],
  ]
  const room = Math.max(1, size.rows - upper.length - 2)
  return [...upper, ...findingLines(findings, size.columns, room)].map((line) =>
    fitted(line, size.columns),
  )
}

function counterLines(counters: MovingCounters): PanelLine[] {
  const { timeWait, timeWaitMax, orphans, orphansMax } = counters
  const { tcpMemoryBytes, tcpPressureBytes, segmentsPerSecond, retransmitsPerSecond } = counters
  const of = (max: number | null): string => (max === null ? '' : `of ${grouped(max)}`)
  const per = (rate: number | null, name: string): string => `${rateText(rate)} ${name}/s`
  const resent =
    retransmitsPerSecond !== null && segmentsPerSecond
      ? `, ${percent(retransmitsPerSecond / segmentsPerSecond)} of segments`
      : ''
  return [
    row(
      'established',
      countOf(counters.established),
      `${per(counters.acceptsPerSecond, 'accepted')}, ` +
        per(counters.connectsPerSecond, 'dialled'),
    ),
    row('TIME_WAIT', countOf(timeWait), of(timeWaitMax), fillTone(timeWait, timeWaitMax)),
    row('orphans', countOf(orphans), of(orphansMax), fillTone(orphans, orphansMax)),
    row(
      'TCP memory',
      tcpMemoryBytes === null ? '?' : bytesText(tcpMemoryBytes),
      tcpPressureBytes === null ? '' : `pressure at ${bytesText(tcpPressureBytes)}`,
      fillTone(tcpMemoryBytes, tcpPressureBytes),
    ),
    row(
      'listen',
      '',
      `${per(counters.listenOverflowsPerSecond, 'overflows')}, ` +
        per(counters.listenDropsPerSecond, 'drops'),
      lossTone(counters.listenOverflowsPerSecond, counters.listenDropsPerSecond),
    ),
    row('retransmits', '', `${per(retransmitsPerSecond, 'segments')}${resent}`),
    row(
      'softnet',
      '',
      `${per(counters.softnetDropsPerSecond, 'drops')}, ` +
        per(counters.softnetSqueezesPerSecond, 'squeezes'),
      lossTone(counters.softnetDropsPerSecond),
    ),
  ]
}

function cpuLines(cpus: readonly CpuLoad[]): PanelLine[] {
  const busiest = [...cpus].sort((a, b) => b.softirq - a.softirq || a.cpu - b.cpu)
  const shown = busiest.slice(0, CPUS_MAX).sort((a, b) => a.cpu - b.cpu)
  const left = cpus.length - shown.length
  const lines = shown.map(({ cpu, softirq, busy }): PanelLine => {
    const tone: Tone = softirq >= SOFTIRQ_HIGH ? 'critical' : 'plain'
    return [
      { text: `CPU ${cpu}`.padEnd(NAME_COLUMNS), tone: 'dim' },
      { text: `${bar(softirq)} `, tone },
      { text: `${wholePercent(softirq)} softirq, ${wholePercent(busy)} busy`, tone },
    ]
  })
  if (left > 0) lines.push([{ text: `${left} more CPUs with less softirq`, tone: 'dim' }])
  return lines.length > 0 ? lines : [[{ text: 'CPU time: ?', tone: 'dim' }]]
}

function findingLines(findings: readonly Finding[], columns: number, room: number): PanelLine[] {
  const counts = STATUSES.map(
    (status) => `${findings.filter((finding) => finding.status === status).length} ${status}`,
  ).join(' · ')
  const alarms = findings.filter(({ status }) => status === 'critical' || status === 'warn')
  const shown = alarms.slice(0, room)
  const nameColumns = Math.min(36, Math.max(0, ...shown.map((finding) => nameOf(finding).length)))
  const rest = columns - FINDING_LABEL_COLUMNS - nameColumns - 2
  return [
    [{ text: counts, tone: 'dim' }],
    ...shown.map((finding): PanelLine => {
      const { status, observed } = finding
      const name = cut(nameOf(finding), nameColumns).padEnd(nameColumns)
      return [
        { text: status.padEnd(FINDING_LABEL_COLUMNS), tone: status },
        { text: `${name}  ${cut(printable(observed), Math.max(1, rest))}`, tone: 'plain' },
      ]
    }),
  ]
}

function row(name: string, count: string, note: string, tone: Tone = 'plain'): PanelLine {
  return [
    { text: name.padEnd(NAME_COLUMNS), tone: 'dim' },
    { text: `${count.padStart(COUNT_COLUMNS)}   `, tone },
    { text: note, tone: count === '' ? tone : 'dim' },
  ]
}

/** No part reaches beyond the last column: a line that wraps would break the drawing. */
function fitted(line: PanelLine, columns: number): PanelLine {
  let left = columns
  return line.map(({ text, tone }) => {
    const short = text.length <= left ? text : text.slice(0, Math.max(0, left))
    left -= short.length
    return { text: short, tone }
  })
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_COLUMNS)
  return `${'█'.repeat(filled)}${'·'.repeat(BAR_COLUMNS - filled)}`
}

function wholePercent(share: number): string {
  return `${Math.round(share * 100)} %`.padStart(5)
}

function countOf(count: number | null): string {
  return count === null ? '?' : grouped(count)
}

function fillTone(count: number | null, max: number | null): Tone {
  if (count === null || !max) return 'plain'
  return count >= max ? 'critical' : count >= FILL_HIGH * max ? 'warn' : 'plain'
}

function lossTone(...rates: readonly (number | null)[]): Tone {
  return rates.some((rate) => rate !== null && rate > 0) ? 'critical' : 'plain'
}
