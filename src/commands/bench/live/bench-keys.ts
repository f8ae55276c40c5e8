/**
 * The keys of a running bench. Which of them there are depends on the load: where a number of
 * messages was asked for, or connections come and go by a plan, its end cannot be moved.
 */
import type { RunSteering } from '../../../loadgen/run-steering.ts'
import type { BenchSettings } from '../../../loadgen/workload.ts'
import type { RunProgress } from '../../../stats/run-progress.ts'

export interface SteeringRights {
  /** Hold the step that runs, and add one at the end. */
  readonly stages: boolean
  readonly rate: boolean
}

const STEERED_MODES: readonly string[] = ['idle', 'echo', 'unicast', 'broadcast']
/** Three presses double a rate, and as many take it back. */
const RATE_FACTOR = 1.25
const RATE_MIN = 0.1

export const NO_RIGHTS: SteeringRights = { stages: false, rate: false }

export function rightsFor(settings: BenchSettings): SteeringRights {
  const { mode, unicastCount, broadcastCount, messagesPerSecond } = settings
  const isCounted = unicastCount !== null || broadcastCount !== null
  const stages = STEERED_MODES.includes(mode) && !isCounted
  return { stages, rate: stages && mode !== 'idle' && messagesPerSecond > 0 }
}

/** @returns false where the key means that the run is to be interrupted, as by Ctrl-C */
export function pressKey(
  key: string,
  steering: RunSteering,
  rights: SteeringRights,
  progress: RunProgress | null,
): boolean {
  if (key === 'q') return stopRun(steering, progress)
  if (steering.isStopped) return true
  if (rights.stages && key === 'h') toggleHold(steering)
  if (rights.stages && key === 'a') steering.addStage()
  const factor = key === '+' || key === '=' ? RATE_FACTOR : key === '-' ? 1 / RATE_FACTOR : null
  const now = steering.wantedPerSecond ?? progress?.standing?.messagesPerSecond ?? 0
  if (rights.rate && factor !== null && now > 0) steering.askRate(rateFrom(now * factor))
  return true
}

export function keysOf(
  steering: RunSteering | undefined,
  { stages, rate }: SteeringRights,
): (readonly [key: string, effect: string])[] {
  return [
    ...(stages ? [['h', steering?.isHeld ? 'release' : 'hold'] as const] : []),
    ...(rate ? [['+ -', 'step the rate'] as const] : []),
    ...(stages ? [['a', 'add a stage'] as const] : []),
    ['q', 'stop and report'],
  ]
}

/** Without measured time there is nothing to report on: that is an interruption. */
function stopRun(steering: RunSteering, progress: RunProgress | null): boolean {
  const isMeasured = progress?.phase === 'steady' || progress?.phase === 'drain'
  if (isMeasured && !steering.isStopped) steering.stop()
  return isMeasured
}

function toggleHold(steering: RunSteering): void {
  if (steering.isHeld) steering.release()
  else steering.hold()
}

/** To three digits: rates are read, and typed again as -R. */
function rateFrom(perSecond: number): number {
  return Math.max(RATE_MIN, Number(perSecond.toPrecision(3)))
}
