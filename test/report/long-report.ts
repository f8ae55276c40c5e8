/**
 * Runs with as many rows as wanted, made from arithmetic: a calm sine of latency with one spike
 * each hour, beside a major collection of the target.
 */
import { coarseText } from '../../src/stats/coarse-buckets.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import type { IntervalReport, RunReport } from '../../src/stats/run-report.ts'
import { distributionOf, SAMPLE_REPORT } from './sample-report.ts'

const SPIKE_EVERY = 3_600
const SPIKE_US = 400_000

export function longReport(seconds: number): RunReport {
  const longest = []
  for (let at = SPIKE_EVERY / 2; at < seconds; at += SPIKE_EVERY) {
    longest.push({ at_ms: at * 1000 - 700, us: 350_000 })
  }
  const major = { kind: 'major', pauses: distributionOf(350_000), longest }
  return {
    ...SAMPLE_REPORT,
    duration_ms: seconds * 1000,
    gc: { ...SAMPLE_REPORT.gc, target: { known: true, kinds: [major], loop_lag: null } },
    memory: {
      ...SAMPLE_REPORT.memory,
      generator_points: [
        [0, 50e6],
        [25_000, 53e6],
        [50_000, 56e6],
      ],
    },
    intervals: Array.from({ length: seconds }, (_, index) => rowAt(index + 1)),
  }
}

const PHASES = 16
const texts = new Map<number, string>()

/** Some shapes are enough, and a day of them is made in a blink. */
function latencyText(phase: number, spikes: number): string {
  const key = phase * 10 + spikes
  let text = texts.get(key)
  if (text === undefined) {
    const latencies = new LatencyRecorder()
    for (let step = 0; step < 30; step++) {
      latencies.recordUsCount(middleOf(phase) * 1.08 ** step, 40 - step)
    }
    latencies.recordUsCount(SPIKE_US, spikes)
    text = coarseText(latencies) ?? ''
    texts.set(key, text)
  }
  return text
}

function middleOf(phase: number): number {
  return 2_000 + 500 * Math.sin((phase / PHASES) * 2 * Math.PI)
}

function rowAt(second: number): IntervalReport {
  const isSpike = second % SPIKE_EVERY === SPIKE_EVERY / 2
  const phase = Math.floor(second / 300) % PHASES
  const middle = middleOf(phase)
  return {
    at_ms: second * 1000,
    span_ms: 1000,
    connections: Math.min(50_000, second * 5_000),
    sent: 1_000 + (second % 7),
    received: 1_000 + (second % 5),
    p50: Math.round(middle * 2.5),
    p99: Math.round(middle * 8),
    max: isSpike ? SPIKE_US : Math.round(middle * 10),
    latency: latencyText(phase, isSpike ? 5 : 0),
    host: {
      time_wait: 100 + (second % 50),
      retransmits: second % 3,
      listen_overflows: 0,
      softnet_drops: 0,
      cpu_percent: 40 + (second % 20),
    },
  }
}
