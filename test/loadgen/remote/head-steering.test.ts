import { expect, it } from 'vitest'
import { HeadSteering } from '../../../src/loadgen/remote/head-steering.ts'

const STEP = { connections: 3, messagesPerSecond: 5, warmupMs: 0, durationMs: 100 }

it('does what the head says, and tells the run each time', () => {
  const steering = new HeadSteering()
  let told = 0
  steering.begin(0, () => (told += 1))
  steering.obey('hold')
  expect([steering.isHeld, steering.mustEndStep]).toEqual([true, false])
  steering.obey('end-step')
  expect([steering.isHeld, steering.mustEndStep, steering.isStopped]).toEqual([true, true, false])
  steering.obey('release')
  steering.obey('stop')
  expect([steering.isHeld, steering.mustEndStep, steering.isStopped]).toEqual([false, true, true])
  expect(told).toBe(4)
})

it('ends the step that ran, and not the one after it, which has the rate that was asked for', () => {
  const steering = new HeadSteering()
  steering.obey('end-step')
  steering.setRate(8)
  expect(steering.stepFor(STEP)).toEqual({ ...STEP, messagesPerSecond: 8 })
  expect(steering.mustEndStep).toBe(false)
  steering.setRate(null)
  expect(steering.stepFor(STEP)).toBe(STEP)
})
