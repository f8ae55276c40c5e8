/**
 * One row of `top`: the figures of a node now, and its rates over the time between two looks. A
 * node that started anew in between has no rates for that interval, because its totals began at 0.
 */
import { type BucketReport, bucketQuantile } from '../../stats/bucket-histogram.ts'
import type { NodeFigures, NodeTotals } from './node-figures.ts'

type Figure = number | null

/** One answer of a node, or why there was none. */
export interface NodeLook {
  readonly url: string
  /** From a clock that never steps. */
  readonly atMs: number
  readonly figures: NodeFigures | null
  /** '' where there are figures. */
  readonly failure: string
}

export interface NodeRow {
  readonly url: string
  readonly name: string
  readonly state: string
  readonly failure: string
  readonly notReadyBecause: string
  readonly connections: Figure
  readonly connectionsMax: Figure
  readonly devices: Figure
  readonly connectsPerSecond: Figure
  readonly pushesPerSecond: Figure
  readonly messagesPerSecond: Figure
  readonly heartbeatsPerSecond: Figure
  readonly sentBytesPerSecond: Figure
  readonly receivedBytesPerSecond: Figure
  readonly errorsPerSecond: Figure
  /** Mean over the interval. */
  readonly loopLagMs: Figure
  /** 99 % of the API's answers of the interval took no longer. */
  readonly apiP99Ms: Figure
  /** Share of the interval that was spent in the garbage collector, all threads together. */
  readonly gcShare: Figure
  /** Since the node started. */
  readonly gcPauseMsMax: Figure
  readonly bufferedBytes: Figure
  readonly rssBytes: Figure
  readonly level: Figure
  readonly shards: Figure
  readonly shardsUp: Figure
  readonly states: Readonly<Record<string, number>>
  readonly carriers: Readonly<Record<string, number>>
  readonly errors: Readonly<Record<string, number>>
  readonly closesPerSecond: Readonly<Record<string, number>>
}

type Rates = Pick<
  NodeRow,
  | 'connectsPerSecond'
  | 'pushesPerSecond'
  | 'messagesPerSecond'
  | 'heartbeatsPerSecond'
  | 'sentBytesPerSecond'
  | 'receivedBytesPerSecond'
  | 'errorsPerSecond'
  | 'loopLagMs'
  | 'apiP99Ms'
  | 'gcShare'
  | 'closesPerSecond'
>

const NO_RATES: Rates = {
  connectsPerSecond: null,
  pushesPerSecond: null,
  messagesPerSecond: null,
  heartbeatsPerSecond: null,
  sentBytesPerSecond: null,
  receivedBytesPerSecond: null,
  errorsPerSecond: null,
  loopLagMs: null,
  apiP99Ms: null,
  gcShare: null,
  closesPerSecond: {},
}

export function rowOf(look: NodeLook, before: NodeLook | null): NodeRow {
  const { figures } = look
  return {
    url: look.url,
    name: figures?.name ?? new URL(look.url).host,
    state: figures?.state ?? 'no answer',
    failure: look.failure,
    notReadyBecause: figures?.notReadyBecause ?? '',
    connections: figures?.connectionsOpen ?? null,
    connectionsMax: figures?.connectionsMax ?? null,
    devices: figures?.devicesOnline ?? null,
    ...ratesOf(look, before),
    gcPauseMsMax: scaled(figures?.gcPauseUsMax ?? null, 1 / 1_000),
    bufferedBytes: figures?.bufferedBytes ?? null,
    rssBytes: figures?.rssBytes ?? null,
    level: figures?.level ?? null,
    shards: figures?.shards ?? null,
    shardsUp: figures?.shardsUp ?? null,
    states: figures?.states ?? {},
    carriers: figures?.carriers ?? {},
    errors: figures?.errors ?? {},
  }
}

function ratesOf(look: NodeLook, before: NodeLook | null): Rates {
  if (look.figures === null || !before?.figures) return NO_RATES
  if (look.figures.startedAtMs !== before.figures.startedAtMs) return NO_RATES
  const seconds = (look.atMs - before.atMs) / 1_000
  if (seconds <= 0) return NO_RATES
  const [now, then] = [look.figures.totals, before.figures.totals]
  const moved = (name: NumericTotal) => difference(now[name], then[name])
  const rate = (name: NumericTotal) => scaled(moved(name), 1 / seconds)
  const lags = moved('loopLagCount')
  const lagUs = moved('loopLagUsSum')
  return {
    connectsPerSecond: rate('connectionsAccepted'),
    pushesPerSecond: rate('pushesAccepted'),
    messagesPerSecond: rate('messagesSent'),
    heartbeatsPerSecond: rate('heartbeats'),
    sentBytesPerSecond: rate('bytesSent'),
    receivedBytesPerSecond: rate('bytesReceived'),
    errorsPerSecond: rate('errors'),
    loopLagMs: lags === null || lagUs === null || lags === 0 ? null : lagUs / lags / 1_000,
    apiP99Ms: p99MsOf(now.apiLatency, then.apiLatency),
    gcShare: scaled(moved('gcPauseUsSum'), 1 / (seconds * 1e6)),
    closesPerSecond: closeRates(now.closes, then.closes, seconds),
  }
}

type NumericTotal = {
  [Name in keyof NodeTotals]: NodeTotals[Name] extends Figure ? Name : never
}[keyof NodeTotals]

function difference(now: Figure, then: Figure): Figure {
  return now === null || then === null ? null : Math.max(0, now - then)
}

function scaled(value: Figure, factor: number): Figure {
  return value === null ? null : value * factor
}

function p99MsOf(now: BucketReport | null, then: BucketReport | null): Figure {
  if (now === null || then === null || now.count <= then.count) return null
  const counts = now.counts.map((count, i) => Math.max(0, count - (then.counts[i] ?? 0)))
  const count = counts.reduce((sum, each) => sum + each, 0)
  const seconds = bucketQuantile({ counts, count, sumSeconds: 0 }, 0.99)
  return Number.isFinite(seconds) ? seconds * 1_000 : null
}

function closeRates(
  now: NodeTotals['closes'],
  then: NodeTotals['closes'],
  seconds: number,
): Record<string, number> {
  const moved = Object.entries(now).map(([cause, count]): [string, number] => [
    cause,
    (count - (then[cause] ?? 0)) / seconds,
  ])
  return Object.fromEntries(moved.filter(([, rate]) => rate > 0))
}
