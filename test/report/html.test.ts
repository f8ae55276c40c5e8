/** A day of load, as the interval log and the watch of the target record it, as one page. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { WatchPoints } from '../../src/commands/bench/insight/watch-points.ts'
import { reportedPoints } from '../../src/commands/bench/insight/process-costs.ts'
import { packageRoot } from '../../src/config/package-root.ts'
import { IntervalLog } from '../../src/loadgen/interval-log.ts'
import { htmlReport } from '../../src/report/html/html-report.ts'
import { pageAssets } from '../../src/report/html/page-assets.ts'
import { jsonReport } from '../../src/report/json-report.ts'
import { readHostSample } from '../../src/stats/host-counters.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

const DAY_SECONDS = 86_400
/** Two to a row of the log, which is what matters. */
const TICK_SECONDS = 12
const PAGE_BYTES_MAX = 3_000_000
const ROWS_MAX = 3_600

const isBuilt = existsSync(join(packageRoot(), 'dist', 'assets', 'report-page.js'))
/** As large as the real ones, where those are not built. */
const assets = isBuilt ? pageAssets() : { script: 'x'.repeat(80_000), style: 'y'.repeat(8_000) }

describe('a day of load', () => {
  const host = readHostSample()
  const log = new IntervalLog({ startUs: 0, host, plannedMs: DAY_SECONDS * 1000 })
  const watched = new WatchPoints()
  // Each shape of a second's latencies is encoded once: what is tested is the log, not the encoder.
  const shapes = Array.from({ length: 32 }, (_, shape) => {
    const recorder = new LatencyRecorder()
    for (let step = 0; step < 200; step++) {
      recorder.recordUs(500 + shape * 97 + (1.06 ** step % 90_000))
    }
    return recorder.encode()
  })
  for (let second = TICK_SECONDS; second <= DAY_SECONDS; second += TICK_SECONDS) {
    const counts = { attempted: 1e5, established: 1e5, failed: 0 }
    const moment = { ...counts, connections: 1e5, sent: second * 1_000, received: second * 1_000 }
    const latencies = [shapes[(second / TICK_SECONDS) % shapes.length]]
    log.add(second * 1e6, { phase: 'steady', ...moment, latencies, host })
    const process = { bytes: 3e8, cpuUs: second * 400_000, generatorBytes: 2e8 }
    watched.add({ ...moment, phase: 'steady', atMs: second * 1000, ...process })
  }
  log.finish()
  const report = { ...SAMPLE_REPORT, duration_ms: DAY_SECONDS * 1000, intervals: log.rows }

  it('has a bounded number of rows that together miss no second and no message', () => {
    expect(log.rows.length).toBeLessThanOrEqual(ROWS_MAX)
    expect(log.rows.reduce((sum, { span_ms = 1_000 }) => sum + span_ms, 0)).toBe(DAY_SECONDS * 1000)
    expect(log.rows.reduce((sum, { sent }) => sum + sent, 0)).toBe(DAY_SECONDS * 1_000)
  })

  it('has a bounded number of points of the target', () => {
    expect(watched.points.length).toBeLessThanOrEqual(1_025)
    expect(reportedPoints(watched.points).length).toBeLessThanOrEqual(300)
  })

  it('is a page and a report of less than 3 MB', () => {
    expect(Buffer.byteLength(htmlReport(report, assets))).toBeLessThan(PAGE_BYTES_MAX)
    expect(Buffer.byteLength(jsonReport(report))).toBeLessThan(PAGE_BYTES_MAX)
  })
})
