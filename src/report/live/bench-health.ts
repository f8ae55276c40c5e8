/** The lines of the live view that say whether its figures can be believed. */
import { formatCount, formatDurationUs } from '../../config/quantities.ts'
import type { RunProgress } from '../../stats/run-progress.ts'
import type { HostMoment, Verdict } from '../../stats/run-report.ts'
import { padCell, plainText, wrapItems } from '../table.ts'
import type { LinePart, LineTone } from './line-screen.tsx'

const LABEL_CELLS = 13
const REASON_LINES_MAX = 3
const SEPARATOR: LinePart = { text: ' · ', tone: 'dim' }
const TONES: Readonly<Record<Verdict, LineTone>> = {
  VALID: 'ok',
  SUSPECT: 'warn',
  INVALID: 'critical',
}

type PanelLine = readonly LinePart[]

/** Then the reasons, wrapped; three lines of them say enough while it runs. */
export function verdictLines({ phase, standing }: RunProgress, columns: number): PanelLine[] {
  if (standing === undefined) return []
  const { value, reasons } = standing.verdict
  const word = phase === 'start' || phase === 'connect' ? 'nothing against it yet' : 'so far'
  const head: PanelLine = [
    label('verdict'),
    { text: value, tone: TONES[value] },
    { text: ` ${value === 'VALID' ? word : 'so far'}`, tone: 'dim' },
  ]
  const lines = reasons.flatMap((reason) =>
    wrapItems(plainText(reason).split(' '), columns - LABEL_CELLS, ' '),
  )
  const shown = lines.slice(0, REASON_LINES_MAX)
  return [head, ...shown.map((text): PanelLine => [label(''), { text, tone: TONES[value] }])]
}

/** Of the busiest thread each; of all of them together the number of collections. */
export function generatorLine({ standing }: RunProgress): PanelLine[] {
  if (standing?.threads == null) return []
  const { threads, gcCount, late } = standing
  const { cpuShare, loopLagUsP99, gcPauseUsMax } = threads
  const parts: LinePart[] = []
  if (cpuShare !== null) parts.push(plain(`CPU ${percent(cpuShare * 100)}`))
  const longest = gcPauseUsMax === null ? '' : `, longest ${formatDurationUs(gcPauseUsMax)}`
  parts.push(plain(`GC ${formatCount(gcCount)}${longest}`))
  if (loopLagUsP99 !== null) parts.push(plain(`loop lag p99 ${formatDurationUs(loopLagUsP99)}`))
  if (late > 0) parts.push({ text: `${formatCount(late)} late`, tone: 'warn' })
  return [[label('generator'), ...separated(parts)]]
}

/** Of the last interval; what moved though it should not is coloured. */
export function hostLine({ standing }: RunProgress): PanelLine[] {
  if (standing === undefined) return []
  const { host } = standing
  const moved = (name: keyof HostMoment, title: string): LinePart => {
    const count = host[name]
    const text = `${title} ${count === null ? '?' : formatCount(count)}`
    return { text, tone: count !== null && count > 0 ? 'warn' : 'plain' }
  }
  const { cpu_percent, time_wait } = host
  const parts: LinePart[] = [
    plain(`CPU ${cpu_percent === null ? '?' : percent(cpu_percent)}`),
    plain(`TIME_WAIT ${time_wait === null ? '?' : formatCount(time_wait)}`),
    moved('retransmits', 'retransmits'),
    moved('listen_overflows', 'overflows'),
    moved('softnet_drops', 'drops'),
  ]
  return [[label('host'), ...separated(parts)]]
}

function separated(parts: readonly LinePart[]): LinePart[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [SEPARATOR, part]))
}

function label(text: string): LinePart {
  return { text: padCell(text, LABEL_CELLS, 'left'), tone: 'dim' }
}

function plain(text: string): LinePart {
  return { text, tone: 'plain' }
}

function percent(value: number): string {
  return `${Math.round(value)} %`
}
