import { describe, expect, it } from 'vitest'
import { DelayTable } from '../../../src/loadgen/selftest/delay-table.ts'
import { expectedResponseUs } from '../../../src/loadgen/selftest/expected-response.ts'
import type { ResponderLog } from '../../../src/loadgen/selftest/responder-messages.ts'
import { judgeTrial, type Trial } from '../../../src/loadgen/selftest/trial-judgement.ts'
import { LatencyRecorder } from '../../../src/stats/latency-recorder.ts'
import type { RunReport } from '../../../src/stats/run-report.ts'

const trial: Trial = {
  name: 'a trial',
  messagesPerSecond: 250,
  connections: 25,
  warmupMs: 1_000,
  durationMs: 4_000,
  stallMs: 0,
  seed: 7,
}
const stalled: Trial = { ...trial, stallMs: 1_000 }
const STALL = { fromUs: 5e6 + 2_500_000, untilUs: 5e6 + 3_500_000 }
const FIRST_DUE_US = 5e6
const EVENTS = 1_250

/** What the server of a quiet host writes down; every answer `lateUs` after its time. */
function logOf({ stallMs, seed, messagesPerSecond }: Trial, lateUs = 10): ResponderLog {
  const delays = new DelayTable(seed)
  const stall = stallMs > 0 ? STALL : null
  const events = Float64Array.from({ length: EVENTS }, (_, event) => event)
  const intendedUs = events.map((event) => FIRST_DUE_US + (event * 1e6) / messagesPerSecond)
  return {
    events,
    intendedUs,
    arrivedUs: intendedUs.map((us) => us + expectedResponseUs(us, 0, stall) + lateUs),
    releasedUs: intendedUs.map(
      (us, event) => us + expectedResponseUs(us, delays.delayUs(event), stall) + lateUs,
    ),
    gapsUs: stall === null ? new Float64Array(0) : Float64Array.of(stall.fromUs, stall.untilUs),
    bytesReceived: 0,
    bytesSent: 0,
    pings: 0,
    cpuUs: 0,
  }
}

/** What bench would say, had it seen these response times in the measured time. */
function reportOf(responseUs: Float64Array, messages: Partial<RunReport['messages']> = {}) {
  const recorder = new LatencyRecorder()
  for (const us of responseUs.subarray(250)) recorder.recordUs(us)
  const count = recorder.count
  const summary = recorder.summary()
  return {
    metrics: { echo_latency: { unit: 'us', response: summary, service: summary } },
    messages: { planned: count, sent: count, received: count, duplicated: 0, lost: 0, ...messages },
  } as unknown as RunReport
}

/** What a client sees that gets every answer 40 µs after it left. */
function seen({ releasedUs, intendedUs }: ResponderLog, laterUs = 40): Float64Array {
  return releasedUs.map((us, row) => us - intendedUs[row] + laterUs)
}

describe('a report that tells what the server did', () => {
  it.each([trial, stalled])('passes, stall of $stallMs ms', (each) => {
    const log = logOf(each)
    const judgement = judgeTrial(each, log, reportOf(seen(log)), [])
    expect(judgement).toMatchObject({ result: 'PASS', faults: [], measured: 1_000 })
    expect(judgement.stall).toEqual(each.stallMs > 0 ? { from_ms: 2_500, length_ms: 1_000 } : null)
  })

  it('shows a stall in full in p99.9 and max', () => {
    const log = logOf(stalled)
    const { rows } = judgeTrial(stalled, log, reportOf(seen(log)), [])
    expect(
      rows.map(({ name, expected }) => `${name} ${Math.round(expected)}`),
    ).toMatchInlineSnapshot(`
      [
        "p50 20000",
        "p75 60000",
        "p90 638000",
        "p95 834000",
        "p99 998000",
        "p99_9 1024000",
        "max 1056000",
      ]
    `)
    expect(rows.at(-1)?.response).toBeGreaterThanOrEqual(1_000_000)
  })

  it('passes too where a disturbance did no harm', () => {
    const log = logOf(trial)
    expect(judgeTrial(trial, log, reportOf(seen(log)), ['something ran']).result).toBe('PASS')
  })
})

describe('a report that hides latency', () => {
  it('fails when messages due in the stall count from its end, whatever disturbed the host', () => {
    const log = logOf(stalled)
    const omitted = seen(log).map(
      (us, row) => us - Math.max(0, log.arrivedUs[row] - log.intendedUs[row] - 10),
    )
    const { result, faults } = judgeTrial(stalled, log, reportOf(omitted), ['something ran'])
    expect(result).toBe('FAIL')
    expect(faults).toContainEqual(expect.stringMatching(/^p99: \d+ µs reported, but the server/))
  })

  it('fails when it is a little below what the server proves', () => {
    const log = logOf(trial, 50)
    expect(judgeTrial(trial, log, reportOf(seen(log, -60)), []).result).toBe('FAIL')
  })
})

describe('a report that is off', () => {
  it('fails on a quiet host, and is disturbed on another', () => {
    const log = logOf(trial)
    const late = reportOf(seen(log, 300))
    const { result, faults } = judgeTrial(trial, log, late, [])
    expect(result).toBe('FAIL')
    expect(faults[0]).toMatch(/^p50 is \+\d+(\.\d)? µs off, 210 allowed$/)
    expect(judgeTrial(trial, log, late, ['other processes used 0.50 of 2 cores']).result).toBe(
      'DISTURBED',
    )
  })

  it('is disturbed where the server was not let run, and only then', () => {
    const log = logOf(trial, 2_000)
    const report = reportOf(seen(log))
    // Late because the generator sent late: nothing excuses that.
    expect(judgeTrial(trial, log, report, []).result).toBe('FAIL')
    const held = { ...log, gapsUs: Float64Array.of(6e6, 6e6 + 900, 7e6, 7e6 + 2_500) }
    const { result, disturbances } = judgeTrial(trial, held, report, [])
    expect({ result, disturbances }).toEqual({
      result: 'DISTURBED',
      disturbances: ['the host did not let the server run for 2.5 ms (1 time)'],
    })
  })

  it('is not excused by the stall, nor by reading what came during it', () => {
    const log = logOf(stalled)
    const gapsUs = Float64Array.of(...log.gapsUs, STALL.untilUs + 30, STALL.untilUs + 3_000)
    const late = reportOf(seen(log, 600))
    expect(judgeTrial(stalled, { ...log, gapsUs }, late, []).result).toBe('FAIL')
  })

  it('fails where the stall did not happen', () => {
    const log = logOf(trial)
    const { result, stall, faults } = judgeTrial(stalled, log, reportOf(seen(log)), [])
    expect({ result, stall, faults }).toEqual({
      result: 'FAIL',
      stall: null,
      faults: ['the server was never stopped'],
    })
  })

  it('fails where messages are missing from it', () => {
    const log = logOf(trial)
    const hidden = reportOf(seen(log), { received: 990 })
    expect(judgeTrial(trial, log, hidden, ['something ran']).result).toBe('FAIL')
    const lost = reportOf(seen(log).slice(0, EVENTS - 10), {
      planned: 1_000,
      sent: 1_000,
      lost: 10,
    })
    const { result, faults } = judgeTrial(trial, log, lost, ['something ran'])
    expect(result).toBe('DISTURBED')
    expect(faults).toContain('of 1000 planned messages 0 were not sent and 10 lost')
    expect(judgeTrial(trial, log, { ...lost, metrics: {} }, ['something ran']).result).toBe('FAIL')
  })
})

describe('a schedule', () => {
  it('that drifts is a fault, however small', () => {
    const log = logOf(trial)
    const drifting = { ...log, intendedUs: log.intendedUs.map((us, event) => us + event / 100) }
    const { result, faults } = judgeTrial(trial, drifting, reportOf(seen(log)), ['something ran'])
    expect(result).toBe('FAIL')
    expect(faults).toContainEqual('intended times are up to 12.5 µs off the schedule')
  })

  it('that is sent ahead of time is a fault', () => {
    const log = logOf(trial)
    const early = { ...log, arrivedUs: log.arrivedUs.map((us) => us - 30) }
    expect(judgeTrial(trial, early, reportOf(seen(log)), ['something ran']).faults).toContain(
      'a message came 20 µs before it was due',
    )
  })
})
