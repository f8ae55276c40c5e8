/**
 * What must hold while a rollout goes on, as `lag<250ms`. The figures are those of `top`, of each
 * node that was restarted; `devices` is the whole cluster's, as a share of what it held before.
 */
import { parseDurationMs } from '../../config/units.ts'
import type { NodeRow } from '../top/node-row.ts'

interface Subject {
  readonly help: string
  readonly parse: (text: string) => number | null
  readonly read: (look: RolloutLook) => number | null
  readonly show: (value: number) => string
}

export interface RolloutLook {
  /** Of one restarted node, with rates over the time since the look before. */
  readonly row: NodeRow
  /** Devices of the cluster now, divided by those before the rollout. */
  readonly devicesShare: number
}

const count = (text: string): number | null => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : null)
const rate = (text: string): number | null => count(text.replace(/\/s$/, ''))
const percent = (text: string): number | null => {
  const value = text.endsWith('%') ? count(text.slice(0, -1)) : null
  return value === null ? null : value / 100
}
const showMs = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)}ms`
const showPercent = (value: number): string => `${(value * 100).toFixed(1)}%`
const showRate = (value: number): string => `${value.toFixed(1)}/s`

export const SUBJECTS: Readonly<Record<string, Subject>> = {
  errors: {
    help: 'errors of the node per second',
    parse: rate,
    read: ({ row }) => row.errorsPerSecond,
    show: showRate,
  },
  lag: {
    help: 'mean lateness of its event loops',
    parse: parseDurationMs,
    read: ({ row }) => row.loopLagMs,
    show: showMs,
  },
  api_p99: {
    help: 'its API answers 99 % within',
    parse: parseDurationMs,
    read: ({ row }) => row.apiP99Ms,
    show: showMs,
  },
  gc: {
    help: 'share of time in the garbage collector',
    parse: percent,
    read: ({ row }) => row.gcShare,
    show: showPercent,
  },
  level: {
    help: 'load level: 0 gives up nothing',
    parse: count,
    read: ({ row }) => row.level,
    show: String,
  },
  devices: {
    help: 'devices of the cluster, against before',
    parse: percent,
    read: ({ devicesShare }) => devicesShare,
    show: showPercent,
  },
}

export const DEFAULT_THRESHOLDS = ['devices>90%', 'lag<250ms', 'level<1'] as const

export interface Threshold {
  readonly text: string
  readonly name: string
  readonly isUpper: boolean
  readonly limit: number
}

/** What a person typed, or a sentence that says what was expected. */
export function parseThreshold(text: string): Threshold | string {
  const match = /^\s*(\w+)\s*([<>])\s*(\S+)\s*$/.exec(text)
  const names = Object.keys(SUBJECTS).join(', ')
  if (match === null) return `expected NAME<VALUE or NAME>VALUE, with NAME one of ${names}`
  const [, name, sign, value] = match
  const subject = Object.hasOwn(SUBJECTS, name) ? SUBJECTS[name] : undefined
  if (subject === undefined) return `expected one of ${names} before ${sign}`
  const limit = subject.parse(value)
  if (limit === null) return `expected a value such as ${DEFAULT_THRESHOLDS.join(' or ')}`
  return { text: `${name}${sign}${value}`, name, isUpper: sign === '<', limit }
}

/** The first that does not hold, as a sentence; null where all do. What is not known holds. */
export function crossedBy(look: RolloutLook, thresholds: readonly Threshold[]): string | null {
  for (const { text, name, isUpper, limit } of thresholds) {
    const value = SUBJECTS[name].read(look)
    if (value === null || (isUpper ? value < limit : value > limit)) continue
    return `${text} does not hold: ${SUBJECTS[name].show(value)}`
  }
  return null
}
