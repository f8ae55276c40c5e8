import { describe, expect, it } from 'vitest'
import { attributeSpikes } from '../../src/report/spike-attribution.ts'
import { spikeLines } from '../../src/report/spike-lines.ts'
import type {
  GcSideReport,
  HostMoment,
  IntervalReport,
  RunReport,
  TimedPause,
} from '../../src/stats/run-report.ts'
import { distributionOf, SAMPLE_REPORT } from './sample-report.ts'

const CALM: HostMoment = {
  time_wait: 0,
  retransmits: 0,
  listen_overflows: 0,
  softnet_drops: 0,
  cpu_percent: 20,
}

/** A second each, from maxima in milliseconds. */
function rowsOf(maximaMs: readonly number[], hosts: Record<number, Partial<HostMoment>> = {}) {
  return maximaMs.map(
    (ms, index): IntervalReport => ({
      ...{ at_ms: (index + 1) * 1000, span_ms: 1000, connections: 1, sent: 1, received: 1 },
      ...{ p50: 100, p99: 200, max: ms * 1000, host: { ...CALM, ...hosts[index] } },
    }),
  )
}

function side(kind: string, longest: readonly TimedPause[]): GcSideReport {
  return { known: true, kinds: [{ kind, pauses: distributionOf(1), longest }], loop_lag: null }
}

const NO_PAUSES: GcSideReport = { known: true, kinds: [], loop_lag: null }

function runOf(
  intervals: readonly IntervalReport[],
  target: GcSideReport = NO_PAUSES,
  generator: GcSideReport = NO_PAUSES,
): RunReport {
  return { ...SAMPLE_REPORT, intervals, gc: { generator, target } }
}

describe('spikes', () => {
  it('three of four coincide with major collections of the target', () => {
    const target = side('major', [
      { at_ms: 1_500, us: 250_000 },
      { at_ms: 3_900, us: 200_000 },
      { at_ms: 6_100, us: 120_000 },
    ])
    const run = runOf(rowsOf([20, 260, 20, 210, 20, 20, 130, 20, 150]), target)
    expect(spikeLines(run)).toEqual([
      "3 of 4 spikes over 100 ms coincide with the target's major GC",
      '1 of 4 spikes over 100 ms coincides with nothing that was recorded',
    ])
    expect(attributeSpikes(run)?.spikes.map(({ atMs }) => atMs)).toEqual([2000, 4000, 7000, 9000])
  })

  it('a pause that is much shorter than the spike explains nothing', () => {
    const target = side('minor', [{ at_ms: 1_500, us: 5_000 }])
    const { unexplained, causes } = attributeSpikes(runOf(rowsOf([20, 300, 20]), target))!
    expect([unexplained, causes]).toEqual([1, []])
  })

  it('a pause at the end of a second may hold up what arrives in the next', () => {
    const pauses = (at_ms: number) => side('major', [{ at_ms, us: 100_000 }])
    const found = (at_ms: number) =>
      attributeSpikes(runOf(rowsOf([1, 1, 300, 1, 1]), pauses(at_ms)))!.causes.length
    expect([1_700, 1_850, 2_500, 3_000, 3_001].map(found)).toEqual([0, 1, 1, 1, 0])
  })

  it('trouble of the host is named where it is out of the ordinary', () => {
    const hosts = {
      0: { retransmits: 2 },
      1: { retransmits: 40 },
      2: { retransmits: 2 },
      3: { listen_overflows: 1, softnet_drops: 2 },
      4: { retransmits: 3, cpu_percent: 99 },
      5: { retransmits: 2 },
      6: { retransmits: 2 },
      7: { retransmits: 2 },
      8: { retransmits: 2 },
    }
    const run = runOf(rowsOf([1, 300, 1, 300, 300, 1, 1, 1, 1], hosts))
    expect(attributeSpikes(run)?.spikes.map(({ causes }) => causes)).toEqual([
      ['TCP retransmits'],
      ['listen overflows', 'packets dropped by softnet'],
      ["all CPUs of the generator's host busy"],
    ])
  })

  it('both sides may have paused at once', () => {
    const major = side('major', [{ at_ms: 1_500, us: 200_000 }])
    const { causes } = attributeSpikes(runOf(rowsOf([1, 300, 1]), major, major))!
    expect(causes).toEqual([
      { name: "the target's major GC", spikes: 1 },
      { name: "the generator's major GC", spikes: 1 },
    ])
  })

  it('nothing is said where nothing stands out, or nothing was measured', () => {
    expect(attributeSpikes(runOf(rowsOf([9, 8, 9, 7])))).toBeNull()
    expect(attributeSpikes(runOf(rowsOf([0, 0])))).toBeNull()
    expect(spikeLines(runOf([]))).toEqual([])
  })

  it('lie beside a pause that is known to within its window only', () => {
    const rows = rowsOf([1, 1, 400, 1, 1, 1])
    const counted = side('stop the world', [{ at_ms: 1_000, us: 350_000, within_ms: 1_500 }])
    expect(attributeSpikes(runOf(rows, counted))?.causes).toEqual([
      { name: "the target's stop the world GC", spikes: 1 },
    ])
    const earlier = side('stop the world', [{ at_ms: 0, us: 350_000, within_ms: 1_500 }])
    expect(attributeSpikes(runOf(rows, earlier))?.unexplained).toBe(1)
  })
})
