import { afterEach, expect, it } from 'vitest'
import { SteeredCourse } from '../../../../src/commands/bench/live/steered-course.ts'
import type { RunStep } from '../../../../src/loadgen/run-course.ts'
import { RunSteering } from '../../../../src/loadgen/run-steering.ts'
import { SAMPLE_REPORT } from '../../../report/sample-report.ts'

const FIRST: RunStep = {
  connections: 100,
  messagesPerSecond: 50,
  warmupMs: 500,
  durationMs: 5_000,
}
const SECOND = { ...FIRST, connections: 200 }
const MOMENTS = { atMs: 600, blockedMs: 0 }
const steering: { now: RunSteering } = { now: new RunSteering() }

afterEach(() => steering.now.close())

function courseOf(...steps: RunStep[]) {
  steering.now = new RunSteering()
  const ended: number[] = []
  const course = new SteeredCourse(steps, steering.now, [], ({ rate_wanted }) => {
    ended.push(rate_wanted)
  })
  /** Runs one step as the coordinator does. */
  const run = (step: RunStep, durationMs = 5_000) => {
    steering.now.stepFor(step)
    return () => course.next({ ...SAMPLE_REPORT, duration_ms: durationMs }, MOMENTS)
  }
  return { course, run, ended, hand: steering.now }
}

it('leaves a run that nobody steers as it is', () => {
  const { course, run } = courseOf(FIRST)
  expect([course.first, course.isLast]).toEqual([FIRST, true])
  expect(run(FIRST)()).toBeNull()
  expect(course.stages).toEqual([])
})

it('goes through the planned steps', () => {
  const { course, run } = courseOf(FIRST, SECOND)
  expect(course.isLast).toBe(false)
  expect(run(FIRST)()).toEqual(SECOND)
  expect(run(SECOND)()).toBeNull()
  expect(course.stages.map((stage) => stage.connections_wanted)).toEqual([100, 200])
})

it('puts a step with another rate before those that were planned', () => {
  const { course, run, hand, ended } = courseOf(FIRST, SECOND)
  const end = run(FIRST)
  hand.askRate(75)
  const faster = { ...FIRST, messagesPerSecond: 75 }
  expect(end()).toEqual(faster)
  expect(run(faster)()).toEqual(SECOND)
  expect([ended, course.stages.length]).toEqual([[50, 75], 2])
  expect(hand.done.map(({ what, rate_wanted }) => [what, rate_wanted])).toEqual([['rate', 75]])
})

it('knows the rate that was asked for while its step connected', () => {
  const { run, hand, ended } = courseOf(FIRST)
  hand.askRate(75)
  run(FIRST)()
  expect(ended).toEqual([75])
})

it('adds steps like the one that runs, and makes stages of them all', () => {
  const { course, run, hand } = courseOf(FIRST)
  const end = run(FIRST)
  hand.addStage()
  expect([course.later, course.isLast]).toEqual([[FIRST], false])
  expect(end()).toEqual(FIRST)
  expect(run(FIRST)()).toBeNull()
  expect(course.stages).toHaveLength(2)
})

it('is over when it is stopped, whatever was planned', () => {
  const { course, run, hand } = courseOf(FIRST, SECOND)
  const end = run(FIRST)
  hand.askRate(75)
  hand.stop()
  expect(end()).toBeNull()
  expect(course.stages).toHaveLength(1)
})

it('has no stage of a step that ended in its warm-up', () => {
  const { course, run, hand } = courseOf(FIRST)
  const end = run(FIRST, 0)
  hand.askRate(75)
  expect(end()).toMatchObject({ messagesPerSecond: 75 })
  expect(course.stages).toEqual([])
})
