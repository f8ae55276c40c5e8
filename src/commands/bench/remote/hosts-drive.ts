/**
 * A run on several hosts, step by step: when all of them have ended a step, what they found is one
 * report, which says what the next is, by the same course that a run on one host has. Keys reach
 * the hosts through here as well.
 */
import type { HostGroup } from '../../../loadgen/remote/host-group.ts'
import { onlyStepOf, type RunStep, type StepMoments } from '../../../loadgen/run-course.ts'
import { PUBLISHING_BROKEN } from '../../../loadgen/run-findings.ts'
import type { StepHand } from '../../../loadgen/run-steering.ts'
import type { BenchSettings } from '../../../loadgen/workload.ts'
import type { RunReport } from '../../../stats/run-report.ts'
import type { RecordedCourse } from '../run-stages.ts'
import { type HostParts, orderStep } from './host-orders.ts'
import { divideStep } from './host-shares.ts'
import { hostsReport } from './hosts-report.ts'

export interface Driving {
  readonly settings: BenchSettings
  readonly signal: AbortSignal
  /** null: one step is all. */
  readonly course: RecordedCourse | null
  readonly steering: StepHand | undefined
  /** After the last message of the last step, with all connections still up. */
  atEnd(): Promise<void>
}

/** A wait of a worker has its limit, and a worker that is silent is lost. */
export const FOREVER_MS = 2 ** 31 - 1

export class HostsDrive {
  readonly #group: HostGroup
  readonly #parts: HostParts
  readonly #driving: Driving
  #step: RunStep
  #isHeld = false
  #isEnding = false
  #isStopped = false

  constructor(group: HostGroup, parts: HostParts, driving: Driving) {
    this.#group = group
    this.#parts = parts
    this.#driving = driving
    this.#step = driving.course?.first ?? onlyStepOf(driving.settings)
    group.gates.beforeSteady = () => this.#beforeSteady()
  }

  /** From here on hands reach the hosts; what was asked for until now does too. */
  begin(): void {
    this.#driving.steering?.begin(this.#group.startedUs, () => this.#steer())
    this.#steer()
  }

  /** The step that runs, or ran last, of all hosts together. */
  get step(): RunStep {
    return this.#step
  }

  /** Resolves when no host waits for a step any more, or the run is interrupted. */
  async run(): Promise<void> {
    const { settings, signal, course, atEnd } = this.#driving
    const isSettled = (): boolean =>
      this.#group.living.every(({ step, result }) => step !== null || result !== null)
    for (;;) {
      await this.#group.waitUntil(isSettled, FOREVER_MS, signal)
      if (signal.aborted) return
      if (!isSettled()) continue
      if (this.#group.living.every(({ step }) => step === null)) return
      const next = await this.#next()
      if (next === null) await atEnd()
      else this.#step = next
      orderStep(this.#group, this.#parts, next, settings, course?.isLast ?? false)
      if (next === null) return
    }
  }

  /** null: the step that ended was the last. */
  async #next(): Promise<RunStep | null> {
    const { course } = this.#driving
    if (course === null) return null
    const isLost = this.#parts.some(({ lost }) => lost !== null)
    const report = this.#report()
    // The load was not what was asked for: what a search finds by it is not the target's.
    const isSpoilt = isLost && course.giveUp !== undefined
    const verdict = isSpoilt ? { ...report.verdict, value: 'INVALID' as const } : report.verdict
    const next = await course.next({ ...report, verdict }, this.#moments())
    if (isSpoilt) course.giveUp?.()
    const hasEnded = this.#group.living.some(({ result }) => result !== null)
    const isBroken = report.connections.failures.some(({ cause }) => cause === PUBLISHING_BROKEN)
    return isSpoilt || hasEnded || isBroken ? null : next
  }

  #report(): RunReport {
    return hostsReport(this.#group, {
      connections: this.#step.connections,
      found: ({ step }) => step,
      note: () => {},
    })
  }

  #moments(): StepMoments {
    const ends = this.#group.living.flatMap((state) => {
      const { step } = state
      if (step === null) return []
      const startedUs = step.startedUs - (this.#group.offsetOf(state)?.offsetUs ?? 0)
      const { atMs, blockedMs } = step
      return [{ startedUs, measuredUs: startedUs + atMs * 1000, blockedMs }]
    })
    const earliest = (name: 'startedUs' | 'measuredUs'): number =>
      Math.min(...ends.map((end) => end[name]))
    return {
      atMs: (earliest('measuredUs') - earliest('startedUs')) / 1000,
      blockedMs: Math.max(...ends.map(({ blockedMs }) => blockedMs)),
    }
  }

  /** With the rate that somebody asked for while they connected. */
  #beforeSteady(): void {
    const { steering, settings } = this.#driving
    this.#isEnding = false
    if (steering === undefined) return
    this.#step = steering.stepFor(this.#step)
    const shares = divideStep(this.#step, settings.mode, this.#parts.length)
    for (const [index, state] of this.#parts.entries()) {
      state.messagesPerSecond = shares[index].messagesPerSecond
    }
  }

  #steer(): void {
    const { steering } = this.#driving
    if (steering === undefined) return
    const { isHeld, isStopped, mustEndStep } = steering
    if (isHeld !== this.#isHeld) this.#group.steer(isHeld ? 'hold' : 'release')
    if (isStopped && !this.#isStopped) this.#group.steer('stop')
    else if (mustEndStep && !this.#isEnding) this.#group.steer('end-step')
    this.#isHeld = isHeld
    this.#isStopped = isStopped
    this.#isEnding = mustEndStep
  }
}
