/**
 * What a connection and a message cost a process, fitted to what was seen of it. Memory is fitted
 * over the ramps: what is there before the first connection cancels out. CPU is fitted over the
 * whole run at once: time at rest, connections that came, messages that arrived, each with its own
 * price. Pure.
 */
import { type FitRow, fitColumns, fitSlope } from '../../../stats/linear-fit.ts'
import type { CpuSpanReport, EstimateReport, TargetPoint } from '../../../stats/target-report.ts'
import type { WatchPoint } from './watch-points.ts'

/** Fewer connections drown in the noise of a heap. */
const CONNECTIONS_MIN = 100
const RAMP_POINTS_MIN = 4
/** A load that stood shorter says nothing of hours. */
const STEADY_MS_MIN = 30_000
/** Heaps, caches and compilers fill in the first part of it, which is no leak. */
const SETTLING_SHARE = 1 / 3
const STEADY_POINTS_MIN = 10
/** At rest for less than this, the price of rest is left to what happens beside it. */
const REST_MS_MIN = 500
const REPORTED_POINTS_MAX = 300
/** Of CPU per cent: the kernel counts in hundredths of a second. */
const SPAN_MS_MIN = 450
const HOUR_MS = 3_600_000

export interface CpuCosts {
  readonly perMessage: EstimateReport | null
  readonly perConnect: EstimateReport | null
  readonly perConnectionSecond: EstimateReport | null
}

interface Span {
  readonly ms: number
  readonly cpuUs: number
  readonly opened: number
  readonly messages: number
  readonly connectionSeconds: number
}

export function bytesPerConnection(points: readonly WatchPoint[]): EstimateReport | null {
  const ramp = points.filter(({ bytes }, at) => bytes !== null && isOfRamp(points, at))
  const most = ramp.reduce((max, { connections }) => Math.max(max, connections), 0)
  const least = ramp.reduce((min, { connections }) => Math.min(min, connections), Infinity)
  if (ramp.length < RAMP_POINTS_MIN || most - least < CONNECTIONS_MIN) return null
  return rounded(fitSlope(ramp.map(({ connections, bytes }) => [connections, bytes as number])), 1)
}

/** Growth while the load stood, once it had settled. */
export function bytesPerHour(
  points: readonly WatchPoint[],
  read: (point: WatchPoint) => number | null,
): EstimateReport | null {
  const steady = points.flatMap((point): [number, number][] => {
    const bytes = read(point)
    return point.phase === 'steady' && bytes !== null ? [[point.atMs / HOUR_MS, bytes]] : []
  })
  const beginHours = steady[0]?.[0] ?? 0
  const lastedHours = (steady.at(-1)?.[0] ?? 0) - beginHours
  const settled = steady.filter(([hours]) => hours >= beginHours + lastedHours * SETTLING_SHARE)
  if (settled.length < STEADY_POINTS_MIN || lastedHours * HOUR_MS < STEADY_MS_MIN) return null
  return rounded(fitSlope(settled), 1)
}

export function cpuCosts(points: readonly WatchPoint[]): CpuCosts {
  const spans = spansOf(points)
  const hasMessages = spans.some(({ messages }) => messages > 0)
  const restMs = spans.filter(isRest).reduce((sum, { ms }) => sum + ms, 0)
  const columns: readonly (keyof Span)[] = [
    hasMessages ? 'messages' : 'connectionSeconds',
    ...(spans.some(({ opened }) => opened > 0) ? (['opened'] as const) : []),
    ...(restMs >= REST_MS_MIN ? (['ms'] as const) : []),
  ]
  const rows = spans.map(
    (span): FitRow => ({ x: columns.map((name) => span[name]), y: span.cpuUs }),
  )
  const found = fitColumns(rows)
  const estimate = (name: keyof Span): EstimateReport | null => {
    const at = columns.indexOf(name)
    return at < 0 || found === null ? null : rounded(found[at], 1000)
  }
  return {
    perMessage: estimate('messages'),
    perConnect: estimate('opened'),
    perConnectionSecond: estimate('connectionSeconds'),
  }
}

/** null where CPU time was not told. */
export function cpuSpan(points: readonly WatchPoint[]): CpuSpanReport | null {
  const spans = spansOf(points)
  if (spans.length === 0) return null
  const long = mergedSpans(spans)
  const rest = spans.filter(isRest)
  return {
    idle: sumMs(rest) < REST_MS_MIN ? null : percentOf(rest),
    mean: percentOf(spans.filter((span) => !isRest(span))),
    highest: long.reduce((most, span) => Math.max(most, percentOf([span])), 0),
  }
}

/** Evenly thinned out, the last one kept. */
export function reportedPoints(points: readonly WatchPoint[]): TargetPoint[] {
  const step = Math.ceil(points.length / REPORTED_POINTS_MAX)
  const kept = points.filter((_, index) => (points.length - 1 - index) % step === 0)
  return kept.map((point, at): TargetPoint => {
    const before = kept[at - 1]
    const ms = before === undefined ? 0 : point.atMs - before.atMs
    const isTold = ms > 0 && point.cpuUs !== null && before?.cpuUs != null
    const percent = isTold ? (point.cpuUs! - before.cpuUs!) / ms / 10 : null
    const shown = percent === null ? null : Math.round(percent * 10) / 10
    return [Math.round(point.atMs), point.connections, point.bytes, shown]
  })
}

/** Of a ramp up, with the point before it and the first one after it. */
function isOfRamp(points: readonly WatchPoint[], at: number): boolean {
  const { phase } = points[at]
  return phase === 'start' || phase === 'connect' || points[at - 1]?.phase === 'connect'
}

function spansOf(points: readonly WatchPoint[]): Span[] {
  const told = points.filter(({ cpuUs }) => cpuUs !== null)
  return told.slice(1).flatMap((point, at): Span[] => {
    const before = told[at]
    const ms = point.atMs - before.atMs
    if (ms <= 0) return []
    return [
      {
        ms,
        cpuUs: point.cpuUs! - before.cpuUs!,
        opened: Math.max(0, point.established - before.established),
        messages: Math.max(0, point.received - before.received),
        connectionSeconds: ((point.connections + before.connections) / 2) * (ms / 1000),
      },
    ]
  })
}

function isRest({ opened, messages, connectionSeconds }: Span): boolean {
  return opened === 0 && messages === 0 && connectionSeconds === 0
}

/** Neighbours joined until each is long enough to tell a percentage of. */
function mergedSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = []
  let isOpen = false
  for (const span of spans) {
    const last = merged.at(-1)
    if (isOpen && last !== undefined) {
      merged[merged.length - 1] = { ...last, ms: last.ms + span.ms, cpuUs: last.cpuUs + span.cpuUs }
    } else merged.push(span)
    isOpen = (merged.at(-1)?.ms ?? 0) < SPAN_MS_MIN
  }
  // The last one may be too short to tell a percentage of.
  return isOpen && merged.length > 1 ? merged.slice(0, -1) : merged
}

function percentOf(spans: readonly Span[]): number {
  const ms = sumMs(spans)
  const us = spans.reduce((sum, { cpuUs }) => sum + cpuUs, 0)
  return ms === 0 ? 0 : Math.round(us / ms) / 10
}

function sumMs(spans: readonly Span[]): number {
  return spans.reduce((sum, { ms }) => sum + ms, 0)
}

function rounded(estimate: EstimateReport | null, parts: number): EstimateReport | null {
  if (estimate === null) return null
  const { value, error } = estimate
  if (!Number.isFinite(value) || !Number.isFinite(error)) return null
  return { value: Math.round(value * parts) / parts, error: Math.round(error * parts) / parts }
}
