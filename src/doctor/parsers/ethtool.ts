/**
 * `ethtool -S` (statistics by driver), `-l` (channels) and `-g` (rings): "name: value" lines, two
 * blocks for -l and -g.
 */
import type { NameValues } from './name-values.ts'
import { lines, parseDecimal } from './numbers.ts'

export function parseEthtoolStatistics(text: string): NameValues | null {
  const values: Record<string, number> = Object.create(null)
  for (const line of lines(text)) {
    const match = /^\s+(.+?):\s+(\d+)\s*$/.exec(line)
    const value = parseDecimal(match?.[2] ?? '')
    if (match !== null && value !== null) values[match[1] ?? ''] = value
  }
  return Object.keys(values).length > 0 ? values : null
}

export interface EthtoolLimits {
  /** "Combined", "RX" … → what the hardware can do. */
  readonly max: NameValues
  readonly now: NameValues
}

export function parseEthtoolLimits(text: string): EthtoolLimits | null {
  const [maxText, nowText] = text.split(/^Current hardware settings:.*$/m)
  if (maxText === undefined || nowText === undefined) return null
  return { max: blockValues(maxText), now: blockValues(nowText) }
}

function blockValues(text: string): NameValues {
  const values: Record<string, number> = Object.create(null)
  for (const line of lines(text)) {
    const match = /^([A-Za-z][A-Za-z -]*):\s+(\d+)\s*$/.exec(line)
    const value = parseDecimal(match?.[2] ?? '')
    if (match !== null && value !== null) values[match[1] ?? ''] = value
  }
  return values
}
