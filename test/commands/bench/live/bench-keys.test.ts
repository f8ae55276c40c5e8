import { expect, it } from 'vitest'
import {
  keysOf,
  NO_RIGHTS,
  pressKey,
  rightsFor,
} from '../../../../src/commands/bench/live/bench-keys.ts'
import { RunSteering } from '../../../../src/loadgen/run-steering.ts'
import type { BenchSettings } from '../../../../src/loadgen/workload.ts'
import { PROGRESS } from '../../../report/live/sample-panel.ts'

const ALL = { stages: true, rate: true }
const settings = (changes: Partial<BenchSettings>): BenchSettings =>
  ({
    mode: 'echo',
    messagesPerSecond: 100,
    unicastCount: null,
    broadcastCount: null,
    ...changes,
  }) as BenchSettings

function press(keys: string, progress = PROGRESS, rights = ALL) {
  const steering = new RunSteering()
  const answers = [...keys].map((key) => pressKey(key, steering, rights, progress))
  steering.close()
  return { steering, answers, done: steering.done.map(({ what }) => what) }
}

it('h holds the stage, and lets it go', () => {
  expect(press('h').steering.isHeld).toBe(true)
  expect(press('hh')).toMatchObject({ steering: { isHeld: false }, done: ['hold', 'release'] })
})

it('+ and - step the rate, and back to where it was', () => {
  expect(press('+').steering.wantedPerSecond).toBe(6_250)
  expect(press('++-').steering.wantedPerSecond).toBe(6_250)
  expect(press('-').steering.wantedPerSecond).toBe(4_000)
  expect(press('=').steering.wantedPerSecond).toBe(6_250)
})

it('a adds stages', () => {
  expect(press('aa').steering.takeStagesAdded()).toBe(2)
})

it('q ends a run that has measured something, and interrupts one that has not', () => {
  expect(press('q')).toMatchObject({ answers: [true], done: ['stop'] })
  expect(press('qq')).toMatchObject({ answers: [true, true], done: ['stop'] })
  expect(press('q', { ...PROGRESS, phase: 'connect' })).toMatchObject({
    answers: [false],
    done: [],
  })
})

it('does nothing else once it is to stop, nor without the right to', () => {
  expect(press('qh+a')).toMatchObject({ steering: { wantedPerSecond: null }, done: ['stop'] })
  expect(press('h+-ax', PROGRESS, NO_RIGHTS)).toMatchObject({
    steering: { wantedPerSecond: null, isHeld: false },
    answers: [true, true, true, true, true],
    done: [],
  })
})

it.each([
  [{}, ALL],
  [{ mode: 'broadcast' }, ALL],
  [
    { mode: 'idle', messagesPerSecond: 0 },
    { stages: true, rate: false },
  ],
  [{ mode: 'unicast', unicastCount: 500 }, NO_RIGHTS],
  [{ mode: 'storm' }, NO_RIGHTS],
  [{ mode: 'mixed', broadcastCount: 3 }, NO_RIGHTS],
] as const)('of %j the rights are %j', (changes, rights) => {
  expect(rightsFor(settings(changes))).toEqual(rights)
})

it('names the keys that do something', () => {
  const steering = new RunSteering()
  expect(keysOf(steering, ALL).map(([key]) => key)).toEqual(['h', '+ -', 'a', 'q'])
  expect(keysOf(undefined, NO_RIGHTS)).toEqual([['q', 'stop and report']])
  steering.hold()
  expect(keysOf(steering, ALL)[0]).toEqual(['h', 'release'])
})
