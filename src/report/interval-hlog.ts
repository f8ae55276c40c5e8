/**
 * HdrHistogram's interval log, format 1.3: the lossless distribution of each interval, for the log
 * analysers and for the report of a run that was killed. Values are µs, Interval_Max is in ms,
 * times are seconds from the start of the run. Appended to line by line, so the last line of a
 * killed run may be half a line; it is left out on reading.
 */
import type { LatencyRecorder } from '../stats/latency-recorder.ts'

export interface HlogInterval {
  /** Milliseconds from the start of the run to the end of the interval. */
  readonly endMs: number
  /** HdrHistogram V2, compressed, base64. */
  readonly hdr: string
}

export function hlogHead(startedAt: string, metric: string): string {
  const started = new Date(startedAt)
  return [
    `#[${metric}, response time in microseconds]`,
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${(started.getTime() / 1000).toFixed(3)} (seconds since epoch), ${startedAt}]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n',
  ].join('\n')
}

export function hlogLine(endMs: number, spanMs: number, latencies: LatencyRecorder): string {
  const times = [endMs - spanMs, spanMs, latencies.max].map((value) => (value / 1000).toFixed(3))
  return `${times.join(',')},${latencies.toBase64()}\n`
}

/** Lines of other kinds are left out, as every reader of the format does. */
export function parseHlog(text: string): HlogInterval[] {
  const intervals: HlogInterval[] = []
  for (const line of text.split('\n').slice(0, -1)) {
    const match = /^([\d.]+),([\d.]+),[\d.]+,([\w+/=]+)\r?$/.exec(line)
    if (match === null) continue
    const endMs = Math.round((Number(match[1]) + Number(match[2])) * 1000)
    intervals.push({ endMs, hdr: match[3] })
  }
  return intervals
}
