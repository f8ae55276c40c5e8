import { describe, expect, it } from 'vitest'
import { DeviceAbsence } from '../../../src/loadgen/dispatch/device-absence.ts'
import { LatencyRecorder } from '../../../src/stats/latency-recorder.ts'

function recorded(absence: DeviceAbsence, endUs: number) {
  const recorder = new LatencyRecorder()
  const away = absence.record(recorder, endUs)
  const { count, mean, max } = recorder.summary()
  return { away, count, max: Math.round(max / 1000), mean: Math.round(mean / 10_000) * 10 }
}

describe('the absence of devices', () => {
  it('adds up the times of each device, and is one value for each that was away', () => {
    const absence = new DeviceAbsence(3)
    absence.begin(0)
    for (const [lost, back] of [
      [1_000_000, 1_200_000],
      [2_000_000, 2_300_000],
    ]) {
      absence.onLost(0, lost)
      absence.onWelcome(0, back)
    }
    absence.onLost(2, 1_000_000)
    absence.onWelcome(2, 1_100_000)
    expect(recorded(absence, 9_000_000)).toEqual({ away: 0, count: 2, max: 500, mean: 300 })
  })

  it('counts to the end where a device does not come back', () => {
    const absence = new DeviceAbsence(1)
    absence.begin(0)
    absence.onLost(0, 1_000_000)
    expect(recorded(absence, 4_000_000)).toEqual({ away: 1, count: 1, max: 3_000, mean: 3_000 })
  })

  it('counts nothing before the measured time, and welcomes of devices that were not lost', () => {
    const absence = new DeviceAbsence(2)
    absence.onLost(0, 1)
    absence.begin(1_000_000)
    absence.onLost(0, 900_000)
    absence.onWelcome(0, 1_100_000)
    absence.onWelcome(1, 1_100_000)
    expect(recorded(absence, 2_000_000).count).toBe(0)
  })
})
