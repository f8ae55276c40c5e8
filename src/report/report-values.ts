/**
 * Numbers of a run report as people read them. What is not known is the word `unknown`, in every
 * output the same, because a zero that nobody measured is worse than no number.
 */
import {
  formatBytes,
  formatCount,
  formatDurationUs,
  formatRate,
  formatShare,
} from '../config/quantities.ts'
import type { ThresholdReport } from '../stats/run-report.ts'
import { parseThreshold, type ThresholdUnit } from './thresholds.ts'

export const UNKNOWN = 'unknown'

/** `16 (+12)`: what it is now and how far it moved. */
export function gaugeText(now: number | null, delta: number | null): string {
  if (now === null) return UNKNOWN
  return delta === null ? formatCount(now) : `${formatCount(now)} (${deltaText(delta)})`
}

export function millisecondsText(ms: number): string {
  return formatDurationUs(ms * 1000)
}

/** `10 lost (0.001 %)`; the share is left out where it says nothing. */
export function shareText(part: number, whole: number, what: string): string {
  const share = part > 0 && whole > 0 && part !== whole ? ` (${formatShare(part / whole)})` : ''
  return `${formatCount(part)} ${what}${share}`
}

/** With its sign, for differences. */
export function deltaText(delta: number | null | undefined): string {
  if (delta === null || delta === undefined) return UNKNOWN
  return delta > 0 ? `+${formatCount(delta)}` : formatCount(delta)
}

export function bytesText(bytes: number | null): string {
  return bytes === null ? UNKNOWN : formatBytes(bytes)
}

export function percentText(percent: number | null | undefined): string {
  return percent === null || percent === undefined ? UNKNOWN : formatShare(percent / 100)
}

/** What was observed, in the unit that the expression asks about. */
export function observedText({ expression, observed }: ThresholdReport): string {
  if (observed === null) return 'not measured'
  return UNIT_TEXTS[unitOf(expression)](observed)
}

const UNIT_TEXTS: Readonly<Record<ThresholdUnit, (value: number) => string>> = {
  us: formatDurationUs,
  count: formatCount,
  percent: (value) => formatShare(value / 100),
  bytes: formatBytes,
  rate: formatRate,
}

/**
 * A report of a later version may have expressions that this one cannot read; their numbers are
 * shown bare.
 */
function unitOf(expression: string): ThresholdUnit {
  try {
    return parseThreshold(expression).unit
  } catch {
    return 'count'
  }
}
