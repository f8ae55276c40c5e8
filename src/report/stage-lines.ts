/** The steps of a run as a table, and what a search found: where the load stops being held. */
import {
  formatCount,
  formatDurationMs,
  formatDurationUs,
  formatRate,
} from '../config/quantities.ts'
import type {
  DistributionReport,
  RunReport,
  SearchReport,
  StageReport,
  SteeringReport,
} from '../stats/run-report.ts'
import type { ReportStyle } from './report-style.ts'
import { type Alignment, plainText, tableLines } from './table.ts'

/** What people wait for, first what says most. */
const METRICS_SHOWN = ['push_latency', 'echo_latency', 'broadcast_all', 'heartbeat_rtt'] as const
const HEAD = ['held', 'connections', 'up', 'asked', 'sent', 'p50', 'p99', 'max', 'lost', '']
const ALIGNMENTS = HEAD.map((title): Alignment => (title === '' ? 'left' : 'right'))

export function stageLines({ stages = [] }: RunReport, { colors }: ReportStyle): string[] {
  if (stages.length === 0) return []
  const head = HEAD.map((title) => colors.dim(title))
  return tableLines([head, ...stages.map(stageRow)], ALIGNMENTS)
}

/** What somebody did to the run while it went on. */
export function steeringLines({ steered = [] }: RunReport): string[] {
  return steered.map(({ at_ms, what, rate_wanted, of }) => {
    const rate = rate_wanted === undefined ? '' : ` ${formatRate(rate_wanted)}`
    const part = of === undefined ? '' : `, of ${plainText(of)}`
    return `after ${formatDurationUs(at_ms * 1000)}  ${STEERED[what]}${rate}${part}`
  })
}

const STEERED: Readonly<Record<SteeringReport['what'], string>> = {
  hold: 'the stage was held',
  release: 'the stage was released',
  rate: 'a stage began with',
  stage: 'a stage was added',
  stop: 'the run was stopped',
}

export function searchLines({ search }: RunReport): string[] {
  if (search === undefined) return []
  const { passed, failed, confirmed } = search
  const said = (value: number): string => valueText(search, value)
  if (passed === null) {
    const least = failed === null ? 'nothing' : `not even ${said(failed)}`
    const why =
      search.limit === 'generator' ? ': the generator was the limit before anything did' : ''
    return [`${least} held every threshold${why}`]
  }
  const trust = confirmed ? 'and again for the whole of --duration' : 'but not for longer'
  const above = failed === null ? '' : `; ${said(failed)} did not`
  return [`${said(passed)} held every threshold, ${trust}${above}${LIMITS[search.limit]}`]
}

const LIMITS: Readonly<Record<SearchReport['limit'], string>> = {
  target: '',
  generator: ': the generator was the limit, so the target holds at least this',
  bound: ': no more was tried, so the target holds at least this',
}

function valueText({ of }: SearchReport, value: number): string {
  return of === 'connections'
    ? `${formatCount(value)} connections`
    : `${formatRate(value)} messages`
}

function stageRow(stage: StageReport): string[] {
  const { connections, messages } = stage
  const latency = latencyOf(stage)
  return [
    formatDurationMs(Math.round(stage.duration_ms / 100) * 100),
    formatCount(stage.connections_wanted),
    formatCount(connections.alive_at_end),
    formatRate(stage.rate_wanted),
    formatRate(messages.sent_per_second),
    ...(latency === null
      ? ['-', '-', '-']
      : [latency.p50, latency.p99, latency.max].map(formatDurationUs)),
    formatCount(messages.lost),
    outcomeText(stage),
  ]
}

function latencyOf({ metrics }: StageReport): DistributionReport | null {
  for (const name of METRICS_SHOWN) {
    const metric = metrics[name]
    if (metric !== undefined) return metric.response
  }
  return null
}

function outcomeText({ outcome, verdict, thresholds }: StageReport): string {
  const crossed = thresholds.filter(({ held }) => !held)
  const first = crossed.length === 0 ? '' : ` ${plainText(crossed[0].expression)}`
  if (outcome === 'generator') return 'INVALID: not counted'
  if (outcome === 'passed') return 'held'
  return crossed.length > 0
    ? `crossed${first}`
    : outcome === 'failed'
      ? 'not all up'
      : verdict.value
}
