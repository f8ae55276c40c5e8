/**
 * After how long clients came to an end, as a report has it: shortest and longest exact, and all of
 * them as a histogram of milliseconds, so that those of several hosts are added count by count. The
 * recorder counts whole numbers of any unit; in milliseconds it reaches 41 days.
 */
import { LatencyRecorder } from './latency-recorder.ts'
import type { EndTimesReport } from './run-report.ts'

export function endTimesOf(times: LatencyRecorder, minMs: number, maxMs: number): EndTimesReport {
  const [min, max] = [Math.round(minMs), Math.round(maxMs)]
  // A percentile is the upper end of its counter, which may be above the longest.
  const p50 = Math.min(max, Math.max(min, times.valueAtPercentile(50)))
  return { min, p50, max, hdr: times.toBase64() }
}

/** @throws PushctlError PUSHCTL_FILE_UNREADABLE for a histogram that is none */
export function mergeEndTimes(parts: readonly EndTimesReport[]): EndTimesReport {
  const all = new LatencyRecorder()
  for (const { hdr } of parts) all.merge(LatencyRecorder.fromBase64(hdr))
  const minMs = Math.min(...parts.map(({ min }) => min))
  return endTimesOf(all, minMs, Math.max(...parts.map(({ max }) => max)))
}
