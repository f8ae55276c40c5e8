/**
 * HdrHistogram's classic percentile files, one per metric and kind, for the plotters that read
 * them. Values are µs. Drawn from the lossless histogram in the report, so a saved report.json
 * gives the same files again.
 */
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { DistributionReport, MetricReport, RunReport } from '../stats/run-report.ts'

/** `push_latency.response.hgrm` → text, for every distribution with samples. */
export function hgrmFiles(report: RunReport): Map<string, string> {
  const files = new Map<string, string>()
  for (const [name, metric] of Object.entries(report.metrics) as [string, MetricReport][]) {
    for (const kind of ['response', 'service'] as const) {
      if (metric[kind].count > 0) files.set(`${name}.${kind}.hgrm`, hgrmText(metric[kind]))
    }
  }
  return files
}

export function hgrmText(distribution: DistributionReport): string {
  return LatencyRecorder.fromBase64(distribution.hdr).percentileDistribution()
}
