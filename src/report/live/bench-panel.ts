/**
 * What bench shows on a terminal while it runs, as lines of coloured parts: where the run is and
 * how long it takes, its figures with their last minute, what the verdict would be now, and the
 * keys. Never as many lines as the terminal has rows, or the drawing would scroll and flicker; what
 * says least is left out first.
 */
import {
  formatCount,
  formatDurationMs,
  formatDurationUs,
  formatRate,
  formatShare,
} from '../../config/quantities.ts'
import type { RunProgress } from '../../stats/run-progress.ts'
import type { StageReport } from '../../stats/run-report.ts'
import { clipText, padCell, plainText, visibleWidth } from '../table.ts'
import { hostLine, generatorLine, verdictLines } from './bench-health.ts'
import type { LinePart } from './line-screen.tsx'
import { HISTORY_MAX, type RunHistory } from './run-history.ts'
import { sparkline } from './sparkline.ts'

export type PanelLine = readonly LinePart[]

export interface BenchPanel {
  /** What is driven, and how. */
  readonly title: string
  readonly progress: RunProgress
  readonly history: RunHistory
  /** Those that ended. */
  readonly stages: readonly StageReport[]
  /** What has to be known besides. */
  readonly notes: readonly string[]
  /** With those that are still to come; null: nobody knows. */
  readonly stagesInAll: number | null
  /** Of the whole run; null: nobody knows. */
  readonly leftMs: number | null
  /** A step with this rate is about to begin; null: none is. */
  readonly wantedPerSecond: number | null
  readonly isStopping: boolean
  /** What can be pressed now. */
  readonly keys: readonly (readonly [key: string, effect: string])[]
}

export interface PanelSize {
  readonly columns: number
  readonly rows: number
}

export const LABEL_CELLS = 13
const FIGURE_CELLS = 24
const BAR_CELLS_MAX = 30
const STAGES_SHOWN_MAX = 6
const NOTES_SHOWN_MAX = 2

export function benchPanel(panel: BenchPanel, { columns, rows }: PanelSize): PanelLine[] {
  const head = [titleLine(panel, columns), [], stageLine(panel, columns), []]
  const keys = keyLine(panel)
  const body = [
    ...figureLines(panel, columns),
    ...latencyLine(panel),
    ...verdictLines(panel.progress, columns),
    ...generatorLine(panel.progress),
    ...hostLine(panel.progress),
    ...failureLine(panel),
    ...noteLines(panel, columns),
  ]
  const room = Math.max(0, rows - 1 - head.length - 2)
  const shown = body.slice(0, room)
  const left = room - shown.length - 1
  const stages = left > 1 ? stageTable(panel.stages, Math.min(STAGES_SHOWN_MAX, left - 1)) : []
  const lines = [...head, ...shown, ...(stages.length > 0 ? [[], ...stages] : []), [], keys]
  return lines.slice(-Math.max(1, rows - 1))
}

function titleLine({ title }: BenchPanel, columns: number): PanelLine {
  return [{ text: clipText(plainText(title), columns), tone: 'plain' }]
}

/** The bar is of the phase; what comes after it stands at the end. */
function stageLine(panel: BenchPanel, columns: number): PanelLine {
  const { progress, stagesInAll, leftMs, isStopping } = panel
  const { phase, elapsedMs, totalMs, standing } = progress
  const isHeld = standing?.isHeld === true
  const name = isStopping ? 'stopping' : isHeld && phase === 'steady' ? 'held' : phase
  const texts: string[] = [timeText(elapsedMs, totalMs)]
  const { step = 1 } = standing ?? {}
  if (stagesInAll === null) texts.push(`stage ${step}`)
  else if (stagesInAll > 1) texts.push(`stage ${step} of ${stagesInAll}`)
  if (leftMs !== null && stagesInAll !== 1) texts.push(`${seconds(leftMs)} to the end`)
  const cells = Math.min(BAR_CELLS_MAX, Math.floor(columns / 5))
  const share = totalMs === null || totalMs <= 0 ? 0 : Math.min(1, elapsedMs / totalMs)
  const full = Math.floor(share * cells)
  const bar = totalMs === null ? '' : '━'.repeat(full)
  const rest = totalMs === null ? '┄'.repeat(cells) : '─'.repeat(cells - full)
  return [
    { text: padCell(name, LABEL_CELLS, 'left'), tone: isHeld || isStopping ? 'warn' : 'info' },
    { text: bar, tone: 'info' },
    { text: rest, tone: 'dim' },
    { text: `  ${texts.join(' · ')}`, tone: 'plain' },
  ]
}

function timeText(elapsedMs: number, totalMs: number | null): string {
  if (totalMs === null) return seconds(elapsedMs)
  return `${seconds(Math.max(0, totalMs - elapsedMs))} of ${seconds(totalMs)} left`
}

function figureLines(panel: BenchPanel, columns: number): PanelLine[] {
  const { progress, history, wantedPerSecond } = panel
  const { connections, connectionsTarget, sentPerSecond, receivedPerSecond, p99 } = progress
  const asked = progress.standing?.messagesPerSecond ?? null
  const next = wantedPerSecond === null ? '' : ` → ${formatRate(wantedPerSecond)}`
  const rateAsked = asked === null || asked === 0 ? '' : ` of ${formatRate(asked)}${next}`
  const cells = Math.min(HISTORY_MAX, columns - LABEL_CELLS - FIGURE_CELLS - 1)
  const figure = (label: string, text: string, values: readonly (number | null)[]): PanelLine => [
    { text: padCell(label, LABEL_CELLS, 'left'), tone: 'dim' },
    { text: `${padCell(text, FIGURE_CELLS, 'left')} `, tone: 'plain' },
    {
      text: sparkline(values, cells - Math.max(0, visibleWidth(text) - FIGURE_CELLS)),
      tone: 'info',
    },
  ]
  const up = `${formatCount(connections)} of ${formatCount(connectionsTarget)}`
  return [
    figure('connections', up, history.connections),
    figure('sent', `${formatRate(sentPerSecond)}${rateAsked}`, history.sent),
    figure('received', formatRate(receivedPerSecond), history.received),
    figure('p99', p99 === null ? 'nothing yet' : formatDurationUs(p99), history.p99),
  ]
}

/** Of the measured time of the step, not of the last second. */
function latencyLine({ progress }: BenchPanel): PanelLine[] {
  const latency = progress.standing?.latency
  if (latency == null) return []
  const { p50, p90, p99, p99_9, max } = latency
  const named = { p50, p90, p99, 'p99.9': p99_9, max }
  const text = Object.entries(named).map(([name, us]) => `${name} ${formatDurationUs(us)}`)
  return [labelled('so far', [{ text: text.join(' · '), tone: 'plain' }])]
}

function failureLine({ progress }: BenchPanel): PanelLine[] {
  const failures = progress.standing?.failures ?? []
  if (failures.length === 0) return []
  const merged = new Map<string, number>()
  for (const { phase, cause, count } of failures) {
    const name = `${plainText(phase)} ${plainText(cause)}`
    merged.set(name, (merged.get(name) ?? 0) + count)
  }
  const texts = [...merged].map(([name, count]) => `${name} ${formatCount(count)}`)
  return [labelled('failures', [{ text: texts.join(' · '), tone: 'warn' }])]
}

function noteLines({ notes }: BenchPanel, columns: number): PanelLine[] {
  return notes
    .slice(-NOTES_SHOWN_MAX)
    .map((note) => [{ text: clipText(plainText(note), columns), tone: 'warn' }])
}

/** The last ones that ended. */
function stageTable(stages: readonly StageReport[], linesMax: number): PanelLine[] {
  return stages.slice(-Math.max(0, linesMax)).map((stage, index, shown) => {
    const number = stages.length - shown.length + index + 1
    const { messages, metrics, verdict, outcome, thresholds } = stage
    const latency = (metrics.push_latency ?? metrics.echo_latency ?? metrics.broadcast_all)
      ?.response
    const isHeld = thresholds.every(({ held }) => held)
    const isWell = verdict.value === 'VALID' && isHeld && (outcome ?? 'passed') === 'passed'
    const texts = [
      `${formatCount(stage.connections_wanted)} connections`,
      formatRate(stage.rate_wanted),
      latency === undefined ? 'no latency' : `p99 ${formatDurationUs(latency.p99)}`,
      messages.lost === 0 ? '' : `lost ${formatShare(messages.lost / messages.expected)}`,
      isHeld ? '' : 'threshold crossed',
      outcome ?? verdict.value,
    ]
    return labelled(`stage ${number}`, [
      { text: texts.filter((text) => text !== '').join(' · '), tone: isWell ? 'plain' : 'warn' },
    ])
  })
}

function keyLine({ keys }: BenchPanel): PanelLine {
  return keys.flatMap(([key, effect], index): LinePart[] => [
    { text: `${index === 0 ? '' : '   '}${key}`, tone: 'info' },
    { text: ` ${effect}`, tone: 'dim' },
  ])
}

export function labelled(label: string, parts: PanelLine): PanelLine {
  return [{ text: padCell(label, LABEL_CELLS, 'left'), tone: 'dim' }, ...parts]
}

/** Whole seconds: a figure that moves more often than it is drawn only flickers. */
function seconds(ms: number): string {
  const whole = Math.round(ms / 1000)
  return whole === 0 ? '0s' : formatDurationMs(whole * 1000)
}
