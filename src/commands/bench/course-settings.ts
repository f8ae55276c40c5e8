/**
 * From the options of bench to a run of several steps: which options go together, what the plan has
 * to have room for, and the course itself.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { BenchSettings } from '../../loadgen/workload.ts'
import type { Threshold } from '../../report/thresholds.ts'
import type { BenchOptions } from '../bench-settings.ts'
import { mergeHolds, parseConnectionStages, parseRateStages } from './load-stages.ts'
import {
  type OnStage,
  type RecordedCourse,
  SearchCourse,
  StagedCourse,
  stepsOf,
} from './run-stages.ts'

type CourseOptions = Pick<
  BenchOptions,
  'stages' | 'rateStages' | 'find' | 'mode' | 'slo' | 'unicastCount' | 'broadcastCount'
>

/**
 * In other modes what is due is counted over the whole measured time, or connections come and go.
 */
const STEPPED_MODES: readonly string[] = ['idle', 'echo', 'unicast', 'broadcast']

/** Assumes that every stage can be read. */
export function courseFaults(options: CourseOptions): PushctlError[] {
  const { stages, rateStages, find, mode, slo, unicastCount, broadcastCount } = options
  const isStaged = stages.length > 0 || rateStages.length > 0
  if (!isStaged && find === undefined) return []
  const flag = find !== undefined ? '--find' : stages.length > 0 ? '--stages' : '--rate-stages'
  const faults: PushctlError[] = []
  const fault = (message: string, ...tries: string[]): void => {
    faults.push(new PushctlError('PUSHCTL_USAGE', message, { tries }))
  }
  if (isStaged && find !== undefined) fault('expected --find or stages, got both')
  if (!STEPPED_MODES.includes(mode)) {
    fault(`${flag} does not go with --mode ${mode}`, `--mode ${STEPPED_MODES.join(', --mode ')}`)
  }
  if (unicastCount !== undefined) fault(`${flag} does not go with --unicasts: give a rate`)
  if (broadcastCount !== undefined) fault(`${flag} does not go with --broadcasts: give a rate`)
  if (mode === 'idle' && (rateStages.length > 0 || find === 'rate')) {
    const what = find === 'rate' ? '--find rate' : '--rate-stages'
    fault(`${what} does not go with --mode idle`, '--mode echo')
  }
  if (find !== undefined && slo.length === 0) {
    fault('--find needs at least one --slo', "--slo 'push_latency:p99<50ms'")
  }
  return faults
}

/** The plan has room for the most that a stage asks for. */
export function withStages(options: BenchOptions): BenchOptions {
  const connections = parseConnectionStages(options.stages)
  const rates = parseRateStages(options.rateStages)
  if (connections.length + rates.length === 0) return options
  const largest = (values: readonly { readonly value: number }[]): number =>
    values.reduce((most, { value }) => Math.max(most, value), 0)
  const durationMs = mergeHolds(connections, rates).reduce((sum, hold) => sum + hold.durationMs, 0)
  return {
    ...options,
    ...(connections.length === 0 ? {} : { connections: largest(connections) }),
    ...(rates.length === 0 ? {} : { messagesPerSecond: largest(rates) }),
    durationMs,
  }
}

/** @param rateAt messages per second in total at so many connections; null: one step is all. */
export function courseFrom(
  options: BenchOptions,
  settings: BenchSettings,
  rateAt: (connections: number) => number,
  slos: readonly Threshold[],
  onStage: OnStage,
): RecordedCourse | null {
  if (options.find !== undefined) {
    return new SearchCourse(options.find, settings, rateAt, slos, onStage)
  }
  const holds = mergeHolds(
    parseConnectionStages(options.stages),
    parseRateStages(options.rateStages),
  )
  if (holds.length === 0) return null
  return new StagedCourse(stepsOf(holds, settings, rateAt), slos, onStage)
}
