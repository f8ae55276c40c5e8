/** Distributions of several reports as one, count by count: nothing is rounded. */
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { DistributionReport } from '../stats/run-report.ts'

export function mergeDistributions(parts: readonly DistributionReport[]): DistributionReport {
  const all = new LatencyRecorder()
  for (const { hdr } of parts) all.merge(LatencyRecorder.fromBase64(hdr))
  return all.summary()
}
